// Package kubernetes stands in for Pulumi's Go SDK of Kubernetes in the build of the provider.
//
// The provider uses three things of the SDK, and with the SDK comes the compilation of the types of every version of every
// Kubernetes kind.
package kubernetes

import "reflect"

// UntypedArgs are the inputs of a resource of any kind.
type UntypedArgs map[string]any

// ElementType implements pulumi.Input.
func (UntypedArgs) ElementType() reflect.Type { return reflect.TypeFor[map[string]any]() }
