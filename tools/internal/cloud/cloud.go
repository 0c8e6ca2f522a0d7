// Package cloud runs the mesh as it is deployed to AWS, on one machine: the functions'
// very binaries, with what the resolved templates say around them. Moto server stands in
// for DynamoDB, SQS, S3, SES, Secrets Manager, the Parameter Store and the bus that events
// are put on; what only AWS does around those is played here: API Gateway, event source
// mappings, rules and schedules, roles and resources' policies, a user pool's tokens.
//
// Whatever is not in a template is not there: a route is not found, an event is delivered
// to nobody, a variable is not set, a request that the role does not allow is denied.
// Each of these can be taken away from the account, and put back, while it runs.
//
// Time does not pass by itself. What AWS would do in the background is done by Settle,
// until nothing is left to do, and schedules fire by Tick.
package cloud

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/tracing"
	"ticketmesh.dev/tools/internal/stacks"
)

// Config says what runs where.
type Config struct {
	Root    string          // of the workspace
	Account *stacks.Account // what is deployed
	// The servers that stand in for AWS's.
	Moto       string // its endpoint
	PostgreSQL string // a database without anything in it, as a URL whose user needs no password
	Redis      string // host and port
	XRay       string // where the daemon is, or a double
	Log        io.Writer
}

// Cloud is an account in which the mesh runs.
type Cloud struct {
	// URL is where the APIs are: their stages are the first part of a path.
	URL string
	// Endpoint is where AWS's APIs are, for those with the credentials of Operator.
	Endpoint string

	config    Config
	folder    string // of the binaries
	emulator  emulator
	pool      *pool
	functions map[string]*function // by name
	roles     map[string]*role     // by ARN
	aliases   map[string]string    // the function's name, by the alias's ARN
	policies  []resourcePolicy     // of functions
	queues    map[string]*queue    // by ARN
	secrets   map[string]secret    // by ARN
	rules     []*rule
	schedules map[string]*schedule // by name
	sources   []*source
	apis      map[string]api    // by stage
	local     map[string]string // addresses of this machine, by those they stand in for
	cache     string            // the address of the account's; empty, there is none
	recorder  tracing.Recorder
	closers   []func() error

	lock writeLock

	mu        sync.Mutex
	parts     parts
	problems  []error
	mails     []Mail
	route     string                 // that was taken last
	delivered map[string]int         // events, by rule
	writes    map[string]int         // requests that may have changed a table, by its name
	sent      bool                   // whether anything was sent to a queue
	archive   []string               // the types of the events that the archive has
	tried     map[string]chan string // what custom resources have answered, by id
}

// Start builds the functions and makes everything that they need. The account is ready
// when it returns: custom resources have been asked.
func Start(ctx context.Context, c Config) (*Cloud, error) {
	// They are kept: what has not changed is not linked again.
	folder, err := filepath.Abs(filepath.Join(c.Root, ".cache", "functions"))
	if err == nil {
		err = os.MkdirAll(folder, 0o755)
	}
	if err != nil {
		return nil, err
	}
	cloud := &Cloud{
		config: c, folder: folder, emulator: emulator{c.Moto, stacks.Region}, recorder: tracing.NewDaemon(c.XRay, clock.System{}),
		functions: map[string]*function{}, roles: map[string]*role{}, aliases: map[string]string{}, queues: map[string]*queue{}, secrets: map[string]secret{}, schedules: map[string]*schedule{},
		apis: map[string]api{}, local: map[string]string{}, parts: newParts(), tried: map[string]chan string{}, delivered: map[string]int{}, writes: map[string]int{},
	}
	for _, step := range []func(context.Context) error{
		cloud.serve, cloud.makeRoles, cloud.makeFunctions, cloud.makePool, cloud.makeData, cloud.makeBus, cloud.makeSchedules, cloud.makeSources, cloud.makeAPIs, cloud.makeParameters, cloud.makeCustom,
	} {
		if err := step(ctx); err != nil {
			return nil, errors.Join(err, cloud.Close())
		}
	}
	return cloud, nil
}

// Close ends all processes.
func (c *Cloud) Close() error {
	var errs []error
	for _, f := range c.functions {
		errs = append(errs, f.stop())
	}
	for _, end := range c.closers {
		errs = append(errs, end())
	}
	return errors.Join(errs...)
}

// serve starts what stands in front of AWS's APIs, and of the mesh's.
func (c *Cloud) serve(context.Context) error {
	aws := httptest.NewServer(http.HandlerFunc(c.serveAWS))
	apis := httptest.NewServer(http.HandlerFunc(c.serveAPI))
	c.closers = append(c.closers, func() error { aws.Close(); apis.Close(); return nil })
	c.Endpoint, c.URL = aws.URL, apis.URL
	return nil
}

// problem notes something that must not happen while the mesh is well: a request that was
// denied, an invocation that failed, an event that was not delivered.
func (c *Cloud) problem(format string, arguments ...any) error {
	err := fmt.Errorf(format, arguments...)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.problems = append(c.problems, err)
	return err
}

// Problems returns what has happened since the last call and must not, as one error.
func (c *Cloud) Problems() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := errors.Join(c.problems...)
	c.problems = nil
	return all
}

func (c *Cloud) troubled() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.problems) > 0
}

// binary is where the binary of a package of the workspace is.
func (c *Cloud) binary(key string) string {
	return filepath.Join(c.folder, strings.ReplaceAll(key, "/", "-"))
}

// resources are those of the types that are played.
func (c *Cloud) resources(types ...string) []stacks.Resource {
	return c.config.Account.Resources(types...)
}
