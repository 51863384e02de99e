// Package types holds the events of logs.
package types

// FilteredLogEvent is a line of a log; its time is in milliseconds since 1970.
type FilteredLogEvent struct {
	EventId, LogStreamName, Message *string
	Timestamp                       *int64
}
