//go:build tools

// Package echo names the programs that are built from Istio's module: its echo server, and the client for it.
package echo

import (
	_ "istio.io/istio/pkg/test/echo/cmd/client"
	_ "istio.io/istio/pkg/test/echo/cmd/server"
)
