// Package styles keeps styles by their names.
package styles

import "github.com/alecthomas/chroma"

// Registry has every registered style.
var Registry = map[string]*chroma.Style{}

// Register adds a style.
func Register(style *chroma.Style) *chroma.Style {
	Registry[style.Name] = style
	return style
}
