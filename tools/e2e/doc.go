// Package e2e holds the tests of the whole: they start the mesh's binary as a
// user would and see it from outside only, by its API, its commands and the
// files that it leaves. It must not hold anything that ships.
package e2e
