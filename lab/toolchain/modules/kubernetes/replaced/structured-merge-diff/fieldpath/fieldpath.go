// Package fieldpath gives the types of the present major version under the import path of the former one, which the
// provider still uses: Kubernetes' packages, from v0.34 on, have only the present one.
package fieldpath

import "sigs.k8s.io/structured-merge-diff/v6/fieldpath"

// The types that the provider uses.
type (
	Path = fieldpath.Path
	Set  = fieldpath.Set
)

// MakePath makes a path of its elements.
var MakePath = fieldpath.MakePath
