// Package libopenapi reads no OpenAPI document: the lab's pulumi is built without `pulumi cloud`, whose reader takes
// a quarter of the whole build.
package libopenapi

import (
	"errors"

	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"
)

// Document is a document that no one can make.
type Document struct{}

// DocumentModel holds the parsed document.
type DocumentModel struct{ Model v3.Document }

// NewDocument returns an error, always.
func NewDocument([]byte) (Document, error) {
	return Document{}, errors.New("the lab's pulumi reads no OpenAPI documents: use a released pulumi for `pulumi cloud`")
}

// BuildV3Model returns an error, always.
func (Document) BuildV3Model() (*DocumentModel, error) { return nil, errors.ErrUnsupported }
