// Package apifuzz has schemathesis make up requests from the API documents and
// send them to running meshes, as each kind of caller. What it finds is an answer
// that the documents do not have, or a request that was taken or refused against
// them. It judges no answer itself.
package apifuzz

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"ticketmesh.dev/tools/internal/demo"
	"ticketmesh.dev/tools/internal/process"
	"ticketmesh.dev/tools/internal/python"
)

var (
	//go:embed schemathesis.toml
	configuration string
	//go:embed rules.py
	rules []byte
	//go:embed wrong.openapi.yaml
	wrong []byte
)

// signedIn is appended to the configuration of a caller with a token.
const signedIn = "\n[auth.openapi]\nbearer = { bearer = \"${TOKEN}\" }\n"

// atOnce is how many meshes are fuzzed at the same time.
const atOnce = 2

// Config says what runs. Zero Seed and Examples stand for those of
// schemathesis.toml.
type Config struct {
	Root           string // of the workspace
	Binary         string // of the mesh
	Seed, Examples int
	Output         io.Writer // what ran and what was found
}

// ErrFound reports that there are findings, which the output has in full.
var ErrFound = errors.New("answers and documents differ")

type caller struct {
	name  string
	email string // none for nobody
	group string // that is added to the demo users, if any
}

var callers = []caller{
	{name: "nobody"},
	{name: "customer", email: demo.Customer},
	{name: "organizer", email: demo.Organizer},
	{name: "gate", email: demo.Gate},
	{name: "subscriber", email: demo.Subscriber},
	{name: "admin", email: "admin@example.com", group: "admin"},
}

// Run fuzzes the operations of all documents in contracts/api as each caller, on
// a mesh of the caller's own, and looks after them whether the mesh is well. It
// takes minutes, and needs the network the first time (see python.Install for its
// errors).
func Run(ctx context.Context, c Config) error {
	programs, err := python.Install(ctx, c.Root, "schemathesis")
	if err != nil {
		return err
	}
	documents, err := filepath.Glob(filepath.Join(c.Root, "contracts", "api", "*.openapi.yaml"))
	if err != nil {
		return err
	}
	if len(documents) == 0 {
		return errors.New("there are no documents in contracts/api")
	}
	folder, err := os.MkdirTemp("", "apifuzz")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	f := fuzzer{config: c, program: filepath.Join(programs, "schemathesis"), documents: documents}
	runs, ctx := errgroup.WithContext(ctx)
	runs.SetLimit(atOnce)
	for _, who := range callers {
		runs.Go(func() error { return f.as(ctx, who, filepath.Join(folder, who.name)) })
	}
	if err := runs.Wait(); err != nil {
		return err
	}
	fmt.Fprintf(c.Output, "%d test cases\n", f.cases)
	if f.found {
		return ErrFound
	}
	return nil
}

type fuzzer struct {
	config    Config
	program   string
	documents []string

	mu    sync.Mutex // guards what follows, and the output
	cases int
	found bool
}

// as fuzzes everything as one caller. Findings are no errors.
func (f *fuzzer) as(ctx context.Context, who caller, folder string) (err error) {
	if err := os.Mkdir(folder, 0o700); err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(folder, "log"))
	if err != nil {
		return err
	}
	defer log.Close()
	data := filepath.Join(folder, "data")
	mesh, err := process.Start(ctx, f.config.Binary, data, log, "--demo")
	if err != nil {
		text, _ := os.ReadFile(log.Name())
		return fmt.Errorf("%w\n%s", err, text)
	}
	defer func() { err = errors.Join(err, mesh.Stop(), f.look(who, log.Name())) }()
	if who.group != "" {
		add := exec.CommandContext(ctx, f.config.Binary, "users", "add", who.email, "--group", who.group, "--data", data)
		add.Stdin = strings.NewReader(demo.Password + "\n")
		if output, err := add.CombinedOutput(); err != nil {
			return fmt.Errorf("%v: %w\n%s", add.Args, err, output)
		}
	}
	token, err := prepare(ctx, mesh.URL, who, folder)
	if err != nil {
		return fmt.Errorf("prepare for %s: %w", who.name, err)
	}
	if err := f.mustFail(ctx, who, folder, mesh.URL, token); err != nil {
		return err
	}
	for _, document := range f.documents {
		if err := f.fuzz(ctx, who, folder, mesh.URL, token, document); err != nil {
			return err
		}
	}
	return healthy(ctx, mesh.URL)
}

// prepare writes what schemathesis reads from its folder, and signs in.
func prepare(ctx context.Context, url string, who caller, folder string) (token string, err error) {
	api := client{url: url}
	buyer := who.email
	if buyer == "" {
		buyer = demo.Customer
	}
	if api.token, err = api.signIn(ctx, buyer); err != nil {
		return "", err
	}
	if err := stock(ctx, api, folder); err != nil {
		return "", err
	}
	text := configuration
	if who.email != "" {
		token = api.token
		text += signedIn
	}
	for name, content := range map[string][]byte{"schemathesis.toml": []byte(text), "rules.py": rules, "wrong.openapi.yaml": wrong} {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
			return "", err
		}
	}
	return token, nil
}

// mustFail makes sure that findings are noticed: an answer that is not in a
// document must be one.
func (f *fuzzer) mustFail(ctx context.Context, who caller, folder, url, token string) error {
	output, err := f.command(ctx, folder, url, token, "wrong.openapi.yaml").CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 1 && bytes.Contains(output, []byte("Undocumented status code")) {
		return nil
	}
	return fmt.Errorf("as %s: the wrong document was found to be right, or could not be run: %w\n%s", who.name, err, clip(output))
}

func (f *fuzzer) command(ctx context.Context, folder, url, token, document string) *exec.Cmd {
	arguments := []string{"--no-color", "run", document, "--url", url}
	if f.config.Seed != 0 {
		arguments = append(arguments, "--seed", strconv.Itoa(f.config.Seed))
	}
	if f.config.Examples != 0 {
		arguments = append(arguments, "--max-examples", strconv.Itoa(f.config.Examples))
	}
	command := exec.CommandContext(ctx, f.program, arguments...)
	command.Dir = folder
	// Nothing of the environment changes what is run; a proxy would stand between.
	command.Env = []string{"HOME=" + folder, "PYTHONHASHSEED=0", "PYTHONUTF8=1", "TOKEN=" + token}
	return command
}

var generated = regexp.MustCompile(`(\d+) generated`)

func (f *fuzzer) fuzz(ctx context.Context, who caller, folder, url, token, document string) error {
	absolute, err := filepath.Abs(document)
	if err != nil {
		return err
	}
	begin := time.Now()
	output, err := f.command(ctx, folder, url, token, absolute).CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || ctx.Err() != nil {
		return errors.Join(err, ctx.Err())
	}
	name := who.name + ", " + filepath.Base(document)
	f.mu.Lock()
	defer f.mu.Unlock()
	count := 0
	if m := generated.FindSubmatch(output); m != nil {
		count, _ = strconv.Atoi(string(m[1]))
	}
	f.cases += count
	if err == nil && count > 0 {
		fmt.Fprintf(f.config.Output, "%s: %d test cases, %.0f s\n", name, count, time.Since(begin).Seconds())
		return nil
	}
	f.found = true
	fmt.Fprintf(f.config.Output, "%s: FAILED\n%s\n", name, clip(output))
	return nil
}

// longest is how much of a line is shown, in bytes.
const longest = 1000

// clip shortens lines: a request may be as long as a megabyte.
func clip(output []byte) string {
	var b strings.Builder
	for line := range bytes.Lines(output) {
		if len(line) > longest {
			line = append(bytes.ToValidUTF8(line[:longest:longest], nil), "…\n"...)
		}
		b.Write(line)
	}
	return b.String()
}

func healthy(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/healthz", nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("the mesh is gone: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(response.Body)
		return fmt.Errorf("the mesh is not well: %d %s", response.StatusCode, text)
	}
	return nil
}

// look reports what is wrong in the mesh's log.
func (f *fuzzer) look(who caller, log string) error {
	file, err := os.Open(log)
	if err != nil {
		return err
	}
	defer file.Close()
	lines, err := alarming(file)
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, line := range lines {
		f.found = true
		fmt.Fprintf(f.config.Output, "%s: the mesh's log: %s\n", who.name, clip([]byte(line)))
	}
	return err
}

// alarming returns the lines of a log that are no records, as a panic is none, or
// records of errors.
func alarming(log io.Reader) ([]string, error) {
	lines := bufio.NewScanner(log)
	lines.Buffer(nil, 8<<20)
	var found []string
	for lines.Scan() {
		var record struct{ Level string }
		if err := json.Unmarshal(lines.Bytes(), &record); err != nil || record.Level == "" || record.Level == "ERROR" {
			found = append(found, lines.Text())
		}
	}
	return found, lines.Err()
}
