package catalogue

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrOccupied reports a folder that holds something else than a catalogue.
var ErrOccupied = errors.New("holds something else than a catalogue; empty it, or name another folder")

// marker is the file by which a catalogue is known for one.
const marker = ".ticketmesh-catalogue"

// Written is what Write wrote.
type Written struct {
	Out   string `json:"out"`
	Files int    `json:"files"`
	Bytes int    `json:"bytes"`
}

// Write puts the catalogue into the folder out, which is made, or replaced as a
// whole when it holds a catalogue; the error is ErrOccupied when it holds
// anything else. It writes beside the folder and moves what is complete, so that
// none is ever half written. The same contracts give the same bytes.
func Write(out string) (Written, error) {
	files, err := all()
	if err != nil {
		return Written{}, err
	}
	named := out
	if out, err = filepath.Abs(out); err != nil {
		return Written{}, err
	}
	if target, err := filepath.EvalSymlinks(out); err == nil {
		out = target // a link stays one
	}
	if err := replaceable(out); err != nil {
		return Written{}, fmt.Errorf("%s %w", named, err)
	}
	parent := filepath.Dir(out)
	if err := os.MkdirAll(parent, 0o755); err != nil { //nolint:gosec // pages are there to be read
		return Written{}, err
	}
	work, err := os.MkdirTemp(parent, ".catalogue-")
	if err != nil {
		return Written{}, err
	}
	written, err := writeTo(filepath.Join(work, "new"), files)
	if err == nil {
		err = swap(filepath.Join(work, "new"), filepath.Join(work, "old"), out)
	}
	written.Out = named
	return written, errors.Join(err, os.RemoveAll(work))
}

// replaceable is nil when nothing of somebody else is at out.
func replaceable(out string) error {
	info, err := os.Stat(out)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return ErrOccupied
	}
	entries, err := os.ReadDir(out)
	if err != nil || len(entries) == 0 {
		return err
	}
	if _, err := os.Stat(filepath.Join(out, marker)); err != nil {
		return ErrOccupied
	}
	return nil
}

func writeTo(folder string, files []file) (Written, error) {
	var w Written
	for _, f := range append([]file{{marker, []byte("Written by mesh contracts docs, which replaces this folder.\n")}}, files...) {
		name := filepath.Join(folder, filepath.FromSlash(f.name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil { //nolint:gosec // pages are there to be read
			return w, err
		}
		if err := os.WriteFile(name, f.text, 0o644); err != nil { //nolint:gosec // pages are there to be read
			return w, err
		}
		w.Files++
		w.Bytes += len(f.text)
	}
	return w, nil
}

// swap moves out to old, when it is there, and next to out.
func swap(next, old, out string) error {
	err := os.Rename(out, old)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	moved := err == nil
	if err := os.Rename(next, out); err != nil {
		if moved {
			err = errors.Join(err, os.Rename(old, out))
		}
		return err
	}
	return nil
}
