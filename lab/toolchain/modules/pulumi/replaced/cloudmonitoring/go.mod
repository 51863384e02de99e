module github.com/GoogleCloudPlatform/opentelemetry-operations-go/exporter/metric

go 1.26

require go.opentelemetry.io/otel/sdk/metric v1.45.0
