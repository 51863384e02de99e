// Package cloudwatchlogs reads no logs: the lab's `pulumi logs` reads none of AWS.
package cloudwatchlogs

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

type (
	// Client reaches no service.
	Client struct{}
	// FilterLogEventsInput names a log group and a time, in milliseconds since 1970.
	FilterLogEventsInput struct {
		LogGroupName       *string
		StartTime, EndTime *int64
	}
	// FilterLogEventsOutput holds a page of events.
	FilterLogEventsOutput struct{ Events []types.FilteredLogEvent }
	// FilterLogEventsPaginator has no pages.
	FilterLogEventsPaginator struct{}
)

// NewFromConfig returns a client.
func NewFromConfig(aws.Config) *Client { return &Client{} }

// NewFilterLogEventsPaginator returns a paginator without pages.
func NewFilterLogEventsPaginator(*Client, *FilterLogEventsInput) *FilterLogEventsPaginator {
	return &FilterLogEventsPaginator{}
}

// HasMorePages returns false.
func (*FilterLogEventsPaginator) HasMorePages() bool { return false }

// NextPage returns an error, always.
func (*FilterLogEventsPaginator) NextPage(context.Context) (*FilterLogEventsOutput, error) {
	return nil, errors.ErrUnsupported
}
