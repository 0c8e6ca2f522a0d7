package testserver

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
)

// StartMoto starts moto server. Its program is in the Python environment "moto" of
// the workspace that holds the current folder.
func StartMoto(ctx context.Context) (*Server, error) {
	root, err := workspace()
	if err != nil {
		return nil, err
	}
	path := filepath.Join(root, ".cache", "python", "moto", "bin", "moto_server")
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("moto server is not installed (go run ./tools/cmd/servers true, in the workspace, does that): %w", err)
	}
	return program{
		name: "moto",
		command: func(_ string, port int) []string {
			return []string{path, "-H", "127.0.0.1", "-p", strconv.Itoa(port)}
		},
		answers: func(ctx context.Context, address string) error {
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/moto-api/data.json", nil)
			if err != nil {
				return err
			}
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				return err
			}
			defer response.Body.Close()
			if response.StatusCode != http.StatusOK {
				return errors.New(response.Status)
			}
			return nil
		},
	}.start(ctx)
}

// workspace returns the folder, this or one above, that has the workspace's file.
func workspace() (string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		_, err := os.Stat(filepath.Join(folder, "go.work"))
		if err == nil {
			return folder, nil
		}
		parent := filepath.Dir(folder)
		if !errors.Is(err, fs.ErrNotExist) || parent == folder {
			return "", fmt.Errorf("no workspace above: %w", err)
		}
		folder = parent
	}
}
