// Package orderedmap holds the map type of the OpenAPI model.
package orderedmap

import "iter"

// Map is an empty map.
type Map[K comparable, V any] struct{}

// New returns an empty map.
func New[K comparable, V any]() *Map[K, V] { return &Map[K, V]{} }

// Len returns 0.
func Len[K comparable, V any](*Map[K, V]) int { return 0 }

// FromOldest yields nothing.
func (*Map[K, V]) FromOldest() iter.Seq2[K, V] { return func(func(K, V) bool) {} }

// KeysFromOldest yields nothing.
func (*Map[K, V]) KeysFromOldest() iter.Seq[K] { return func(func(K) bool) {} }

// Get finds nothing.
func (*Map[K, V]) Get(K) (value V, ok bool) { return value, false }

// GetOrZero returns the zero value.
func (*Map[K, V]) GetOrZero(K) (value V) { return value }

// Set does nothing.
func (*Map[K, V]) Set(K, V) (previous V, present bool) { return previous, false }

// Delete does nothing.
func (*Map[K, V]) Delete(K) (previous V, present bool) { return previous, false }
