// Command pulumi-resource-kubernetes is the Kubernetes resource provider of Pulumi.
//
// The provider's module holds the schema and the Terraform mapping as JSON but no main package that may be imported with
// them; the build copies both beside this file.
package main

import (
	_ "embed"

	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"
	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/version"
)

//go:embed schema.json
var schema []byte

//go:embed terraform-mapping.json
var terraformMapping []byte

func main() { provider.Serve("kubernetes", version.Version, schema, terraformMapping) }
