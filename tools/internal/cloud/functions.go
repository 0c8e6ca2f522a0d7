package cloud

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/tracing"
	"ticketmesh.dev/tools/internal/runtimeapi"
	"ticketmesh.dev/tools/internal/stacks"
)

// function is a function of the account. It has one process, which is started when it is
// first needed.
type function struct {
	cloud     *Cloud
	name      string
	stack     string
	arn       string
	role      *role
	binary    string
	memoryMB  int
	timeout   time.Duration
	traced    bool
	variables map[string]string // of the template
	key       string            // the id of its credentials

	mu      sync.Mutex
	process *runtimeapi.Process
}

func (c *Cloud) makeFunctions(ctx context.Context) error {
	var builds errgroup.Group
	builds.SetLimit(2)
	built := map[string]bool{}
	for _, r := range c.resources("AWS::Lambda::Function") {
		var p struct {
			Code                struct{ S3Key string }
			Role                string
			MemorySize, Timeout int
			TracingConfig       struct{ Mode string }
			Environment         struct{ Variables map[string]any }
		}
		if err := reread(r.Properties, &p); err != nil {
			return fmt.Errorf("%s: %w", r.Name, err)
		}
		role, err := c.assumed(p.Role, "lambda.amazonaws.com", "")
		if err != nil {
			return fmt.Errorf("%s: %w", r.Name, err)
		}
		f := &function{
			cloud: c, name: r.Name, stack: r.Stack, arn: r.Attributes["Arn"], role: role, binary: c.binary(p.Code.S3Key),
			memoryMB: p.MemorySize, timeout: time.Duration(p.Timeout) * time.Second, traced: p.TracingConfig.Mode == "Active", variables: map[string]string{},
			key: "ASIA" + strings.ToUpper(strings.ReplaceAll(id.New().String(), "-", ""))[16:],
		}
		for name, value := range p.Environment.Variables {
			f.variables[name] = plain(value)
		}
		c.functions[f.name] = f
		if key := p.Code.S3Key; !built[key] {
			built[key] = true
			builds.Go(func() error {
				return runtimeapi.Build(ctx, c.config.Root, "./"+filepath.ToSlash(key), c.binary(key))
			})
		}
	}
	for _, r := range c.resources("AWS::Lambda::Alias") {
		c.aliases[r.PhysicalID] = fmt.Sprint(r.Properties["FunctionName"])
	}
	c.makeInvokePolicies()
	return builds.Wait()
}

// find finds a function by its name or ARN, or that of an alias.
func (c *Cloud) find(named string) (*function, error) {
	name, ok := c.aliases[named]
	if !ok {
		name = named
	}
	f, ok := c.functions[lastOf(name, ":")]
	if !ok || strings.Contains(name, ":") && name != f.arn {
		return nil, fmt.Errorf("there is no function %s", named)
	}
	return f, nil
}

// What functions know of the cache.
const (
	varCache    = "TICKETMESH_CACHE"
	varCacheTLS = "TICKETMESH_CACHE_TLS"
	// nowhere is an address at which nobody listens.
	nowhere = "127.0.0.1:9"
)

// here is a value with the addresses that this machine has instead of AWS's.
func (c *Cloud) here(value string) string {
	for there, here := range c.local {
		value = strings.ReplaceAll(value, there, here)
	}
	return value
}

// environment is what Lambda and the template set.
func (f *function) environment() []string {
	c := f.cloud
	all := []string{
		"AWS_REGION=" + stacks.Region, "AWS_DEFAULT_REGION=" + stacks.Region, "AWS_ACCESS_KEY_ID=" + f.key, "AWS_SECRET_ACCESS_KEY=secret", "AWS_SESSION_TOKEN=token",
		"AWS_XRAY_DAEMON_ADDRESS=" + c.config.XRay, "AWS_XRAY_CONTEXT_MISSING=LOG_ERROR",
		// What this machine has instead of AWS: an endpoint, and servers without certificates.
		"AWS_ENDPOINT_URL=" + c.Endpoint, "TICKETMESH_DATABASE_TLS=false",
	}
	for _, name := range slices.Sorted(maps.Keys(f.variables)) {
		if !c.has(Variable, f.stack+" "+name) {
			continue
		}
		value := c.here(f.variables[name])
		switch name {
		case varCache:
			if value != c.cache || f.variables[varCacheTLS] != "true" || !c.has(Variable, f.stack+" "+varCacheTLS) {
				value = nowhere // a serverless cache is reached by TLS alone
				break
			}
			value = c.config.Redis
		case varCacheTLS:
			value = "false"
		}
		all = append(all, name+"="+value)
	}
	return all
}

// invoke has the function answer. What fails is a problem, but for the errors of those
// that ask to be told of one, as API Gateway does of authorizers.
func (f *function) invoke(ctx context.Context, arn string, payload []byte, parent tracing.Link) ([]byte, error) {
	for name := range f.variables {
		f.cloud.use(Variable, f.stack+" "+name)
	}
	link, end := f.begin(ctx, parent)
	answer, err := f.answer(ctx, runtimeapi.Invocation{Payload: payload, Deadline: time.Now().Add(f.timeout), ARN: arn, Trace: link.Header()})
	end(err != nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.name, err)
	}
	return answer, nil
}

func (f *function) answer(ctx context.Context, i runtimeapi.Invocation) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.process == nil {
		p, err := runtimeapi.Start(ctx, runtimeapi.Config{Binary: f.binary, Name: f.name, MemoryMB: f.memoryMB, Environment: f.environment(), Log: f.cloud.config.Log})
		if err != nil {
			return nil, err
		}
		f.process = p
	}
	answer, err := f.process.Invoke(ctx, i)
	if failed := (*runtimeapi.FunctionError)(nil); err != nil && !errors.As(err, &failed) {
		// It has ended, or took too long: Lambda starts another.
		err = errors.Join(err, f.process.Stop())
		f.process = nil
	}
	return answer, err
}

// stop ends the function's process; the next invocation starts one.
func (f *function) stop() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.process == nil {
		return nil
	}
	err := f.process.Stop()
	f.process = nil
	return err
}
