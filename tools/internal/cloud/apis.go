package cloud

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"ticketmesh.dev/platform/tracing"
	"ticketmesh.dev/tools/internal/apigw"
	"ticketmesh.dev/tools/internal/iam"
	"ticketmesh.dev/tools/internal/stacks"
)

// api is one of the mesh's APIs.
type api struct {
	handler http.Handler
	name    string
	traced  bool
	routes  []string
	forget  func()
}

// gateway is who invokes functions for APIs.
const gateway = "apigateway.amazonaws.com"

// makeAPIs makes REST and HTTP APIs with their stages. Stages have names of their own, so
// that all APIs have one address.
func (c *Cloud) makeAPIs(context.Context) error {
	for _, r := range c.resources("AWS::ApiGateway::Stage", "AWS::ApiGatewayV2::Stage") {
		var p struct {
			RestApiId, ApiId string
			TracingEnabled   bool
			Variables        map[string]string
			StageVariables   map[string]string
		}
		if err := reread(r.Properties, &p); err != nil {
			return err
		}
		stage := fmt.Sprint(r.Properties["StageName"])
		if _, taken := c.apis[stage]; taken {
			return fmt.Errorf("there are two stages %s", stage)
		}
		of, ok := c.apiOf(p.RestApiId + p.ApiId)
		if !ok {
			return fmt.Errorf("there is no API of the stage %s", stage)
		}
		given := apigw.API{ID: of.PhysicalID, Name: of.Name, Stage: stage, Account: stacks.AccountID, Region: stacks.Region, Variables: p.Variables, Document: of.Properties["Body"]}
		var err error
		made := api{name: of.Name + "/" + stage, traced: p.TracingEnabled, forget: func() {}}
		if of.Type == "AWS::ApiGatewayV2::Api" {
			given.Variables = p.StageVariables
			var plain *apigw.HTTP
			if plain, err = apigw.NewHTTP(given, c.behind(stage)); err == nil {
				made.handler, made.routes = plain, plain.Routes()
			}
		} else {
			var rest *apigw.REST
			if rest, err = apigw.NewREST(given, c.behind(stage)); err == nil {
				made.handler, made.routes, made.forget = rest, rest.Routes(), rest.Forget
			}
		}
		if err != nil {
			return fmt.Errorf("%s: %w", of.Name, err)
		}
		c.apis[stage] = made
		c.local["https://"+of.PhysicalID+".execute-api."+stacks.Region+".amazonaws.com"] = c.URL
	}
	return nil
}

func (c *Cloud) apiOf(id string) (stacks.Resource, bool) {
	for _, r := range c.resources("AWS::ApiGateway::RestApi", "AWS::ApiGatewayV2::Api") {
		if r.PhysicalID == id {
			return r, true
		}
	}
	return stacks.Resource{}, false
}

// behind is what an API calls.
func (c *Cloud) behind(stage string) apigw.AWS {
	return apigw.AWS{
		Invoke: c.invokeForAPI,
		Object: c.objectForAPI,
		Claims: c.pool.claims,
		Signed: func(r *http.Request) bool {
			return strings.Contains(r.Header.Get("Authorization"), "Credential="+Operator+"/")
		},
		Key: func(key string) bool { return key != "" && key == c.APIKey(stage) },
		Route: func(route string) bool {
			c.mu.Lock()
			c.route = stage + " " + route
			c.mu.Unlock()
			return c.use(Route, stage+" "+route)
		},
	}
}

// APIKey is a key that a usage plan has for the stage, or nothing.
func (c *Cloud) APIKey(stage string) string {
	for _, r := range c.resources("AWS::ApiGateway::UsagePlan") {
		var plan struct{ ApiStages []struct{ Stage string } }
		if err := reread(r.Properties, &plan); err != nil || len(plan.ApiStages) == 0 || plan.ApiStages[0].Stage != stage {
			continue
		}
		for _, k := range c.resources("AWS::ApiGateway::UsagePlanKey") {
			if k.Properties["UsagePlanId"] == r.PhysicalID {
				return fmt.Sprint(k.Properties["KeyId"])
			}
		}
	}
	return ""
}

// Route is the one that the last request took, for instance "info GET /venues".
func (c *Cloud) Route() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.route
}

func (c *Cloud) invokeForAPI(ctx context.Context, target, source string, payload []byte, event bool) ([]byte, error) {
	f, err := c.find(target)
	if err != nil {
		return nil, c.problem("%s: %w", source, err)
	}
	if err := c.mayInvoke(gateway, source, target); err != nil {
		return nil, c.problem("%w", err)
	}
	link, _ := ctx.Value(linkKey{}).(tracing.Link)
	if event {
		return nil, c.async(ctx, target, payload, link)
	}
	answer, err := f.invoke(ctx, target, payload, link)
	if err != nil && !strings.Contains(source, "/authorizers/") {
		return nil, c.problem("%w", err)
	}
	return answer, unwrapped(err)
}

// objectForAPI reads an object in the name of a role that trusts the gateway.
func (c *Cloud) objectForAPI(ctx context.Context, roleARN, path string, header http.Header) (*http.Response, error) {
	r, err := c.assumed(roleARN, gateway, "")
	need := iam.Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::" + path}
	if err == nil {
		err = c.allows(r, need)
	}
	if err != nil {
		return nil, c.problem("denied: %w", err)
	}
	c.used(r, need)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.config.Moto+"/"+path, http.NoBody)
	if err != nil {
		return nil, err
	}
	request.Header = header
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+Operator+"/20260101/"+stacks.Region+"/s3/aws4_request, SignedHeaders=host, Signature=0")
	return http.DefaultClient.Do(request)
}

type linkKey struct{}

// serveAPI answers a request to one of the APIs: it begins a trace, or goes on with the
// caller's.
func (c *Cloud) serveAPI(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	c.route = ""
	c.mu.Unlock()
	stage, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	a, ok := c.apis[stage]
	if !ok {
		w.WriteHeader(http.StatusForbidden) // as of a stage that there is not
		return
	}
	link, ok := tracing.Parse(r.Header.Get("X-Amzn-Trace-Id"))
	if !ok {
		link = newTrace()
	}
	if a.traced && link.Sampled {
		_, segment, end := c.recorder.Begin(r.Context(), a.name, tracing.Root, link)
		link.SegmentID = segment
		defer end(false)
	}
	r.Header.Set("X-Amzn-Trace-Id", link.Header())
	a.handler.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), linkKey{}, link)))
}
