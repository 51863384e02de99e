// Package metric exports no measurements: nothing of the lab's is in Google Cloud.
package metric

import (
	"errors"

	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// Option is a setting, without effect.
type Option func()

// WithProjectID has no effect.
func WithProjectID(string) Option { return nil }

// WithMetricDescriptorTypeFormatter has no effect.
func WithMetricDescriptorTypeFormatter(func(metricdata.Metrics) string) Option { return nil }

// WithCreateServiceTimeSeries has no effect.
func WithCreateServiceTimeSeries() Option { return nil }

// WithMonitoredResourceDescription has no effect.
func WithMonitoredResourceDescription(string, []string) Option { return nil }

// New returns an error, always.
func New(...Option) (sdk.Exporter, error) { return nil, errors.ErrUnsupported }
