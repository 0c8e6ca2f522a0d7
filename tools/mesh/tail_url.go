package main

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// maxEventBytes bounds a line of the stream: an event is at most 256 KiB on
// EventBridge, and larger here only by mistake.
const maxEventBytes = 4 << 20

// tailURL follows the event stream of a running mesh.
func tailURL(ctx context.Context, base string, types []string, after int64, show func([]byte) error) error {
	stream, err := url.Parse(base)
	if err != nil || stream.Host == "" {
		return usageError{fmt.Errorf("--url: %q is no address", base)}
	}
	query := url.Values{"type": types}
	if after >= 0 {
		query.Set("after", strconv.FormatInt(after, 10))
	}
	stream = stream.JoinPath("/dev/events")
	stream.RawQuery = query.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, stream.String(), nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", stream, answer.Status)
	}
	lines := bufio.NewScanner(answer.Body)
	lines.Buffer(nil, maxEventBytes)
	for lines.Scan() {
		data, isData := strings.CutPrefix(lines.Text(), "data: ")
		if !isData {
			continue
		}
		if err := show([]byte(data)); err != nil {
			return err
		}
	}
	return lines.Err()
}
