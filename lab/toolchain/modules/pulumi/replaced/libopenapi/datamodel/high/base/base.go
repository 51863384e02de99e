// Package base holds the types of JSON schemas in OpenAPI documents.
package base

import (
	"errors"

	"go.yaml.in/yaml/v4"

	"github.com/pb33f/libopenapi/orderedmap"
)

type (
	Info          struct{ Version string }
	Discriminator struct {
		PropertyName string
		Mapping      *orderedmap.Map[string, string]
	}
	DynamicValue[A, B any] struct {
		A A
		B B
	}
	Schema struct {
		Type, Required                           []string
		Format, Description, Pattern             string
		AllOf, OneOf, AnyOf                      []*SchemaProxy
		Properties                               *orderedmap.Map[string, *SchemaProxy]
		Items, AdditionalProperties              *DynamicValue[*SchemaProxy, bool]
		Discriminator                            *Discriminator
		Enum                                     []*yaml.Node
		Default                                  *yaml.Node
		Nullable, ReadOnly                       *bool
		Minimum, Maximum, MultipleOf             *float64
		MinLength, MaxLength, MinItems, MaxItems *int64
		Extensions                               *orderedmap.Map[string, *yaml.Node]
	}
	SchemaProxy struct{}
	LowSchema   struct{}
)

func (*DynamicValue[A, B]) IsA() bool { return true }

func (*SchemaProxy) Schema() *Schema { return nil }

func (*SchemaProxy) GetReference() string { return "" }

func (*SchemaProxy) IsReference() bool { return false }

func (*Schema) GoLow() *LowSchema { return nil }

func (*Schema) MarshalJSONInline() ([]byte, error) { return nil, errors.ErrUnsupported }

func (*LowSchema) Hash() uint64 { return 0 }
