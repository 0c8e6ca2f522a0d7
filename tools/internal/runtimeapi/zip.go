package runtimeapi

import (
	"archive/zip"
	"compress/flate"
	"errors"
	"io"
	"os"
)

// counter counts what is written.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// Zipped is how large the binary's archive is, as it is uploaded.
func Zipped(binary string) (size int64, err error) {
	f, err := os.Open(binary)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	var n counter
	archive := zip.NewWriter(&n)
	archive.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestCompression) })
	w, err := archive.Create("bootstrap")
	if err != nil {
		return 0, err
	}
	if _, err := io.Copy(w, f); err != nil {
		return 0, err
	}
	err = archive.Close()
	return int64(n), err
}
