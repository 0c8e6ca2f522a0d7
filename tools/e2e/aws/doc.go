// Package aws holds the end-to-end tests of the mesh as it is deployed to AWS: its very
// functions, around which package cloud plays what the templates say.
package aws
