// Package chroma knows no language's syntax: the lab's pulumi prints code blocks of help texts without colors.
package chroma

// TokenType is a kind of word in source code.
type TokenType int

// The kinds that github.com/charmbracelet/glamour gives colors to.
const (
	Background TokenType = iota
	Comment
	CommentPreproc
	Error
	GenericDeleted
	GenericEmph
	GenericInserted
	GenericStrong
	GenericSubheading
	Keyword
	KeywordNamespace
	KeywordReserved
	KeywordType
	Literal
	LiteralDate
	LiteralNumber
	LiteralString
	LiteralStringEscape
	Name
	NameAttribute
	NameBuiltin
	NameClass
	NameConstant
	NameDecorator
	NameException
	NameFunction
	NameOther
	NameTag
	Operator
	Punctuation
	Text
)

// StyleEntries says how each kind looks.
type StyleEntries map[TokenType]string

// Style is a named set of entries; its name is all that is kept.
type Style struct{ Name string }

// MustNewStyle returns a style.
func MustNewStyle(name string, _ StyleEntries) *Style { return &Style{Name: name} }
