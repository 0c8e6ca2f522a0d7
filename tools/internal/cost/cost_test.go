package cost_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ticketmesh.dev/platform/usage"
	"ticketmesh.dev/tools/internal/cost"
	"ticketmesh.dev/tools/internal/stacks"
)

const template = `
Globals: {Function: {MemorySize: 512}}
Resources:
  Api: {Type: AWS::Serverless::HttpApi}
  ApiFunction: {Type: AWS::Serverless::Function, Properties: {CodeUri: cmd/api/}}
  ConsumerFunction: {Type: AWS::Serverless::Function, Properties: {CodeUri: cmd/consumer/, MemorySize: 1769, Events: {Orders: {Type: SQS}}}}
`

const ticketsTemplate = `
Globals: {Function: {MemorySize: 1024}}
Resources:
  Api: {Type: AWS::Serverless::Api, Properties: {MinimumCompressionSize: 1024}}
  ApiFunction: {Type: AWS::Serverless::Function, Properties: {CodeUri: cmd/api/}}
`

// workspace has notifications that cost what cases say, and tickets whose seat map is answered and nothing else done.
func workspace(t *testing.T, cases map[string]usage.Case) string {
	t.Helper()
	root := t.TempDir()
	tickets := map[string]usage.Case{
		"house announced": {}, "hold, 4 tickets": {}, "hold expired": {}, "order, 4 tickets": {}, "check-in": {},
		"seats looked at": {"api": {Invocations: 1, ResponseKB: 1 << 10, GzipBytes: 1 << 10}},
	}
	tickets["order, 3 tickets"], tickets["hold, 3 tickets"] = usage.Case{}, usage.Case{}
	for service, of := range map[string]struct {
		template string
		cases    map[string]usage.Case
	}{
		"notifications": {template, cases}, "tickets": {ticketsTemplate, tickets},
		"shows": {template, map[string]usage.Case{"house announced": {}, "performance looked at": {}, "availability changed": {}}},
	} {
		encoded, err := json.Marshal(of.cases)
		if err != nil {
			t.Fatal(err)
		}
		for path, content := range map[string]string{"template.yaml": of.template, "docs/units.json": string(encoded)} {
			path = filepath.Join(root, "services", service, path)
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return root
}

func measured() map[string]usage.Case {
	return map[string]usage.Case{
		"performance announced": {"consumer": {Invocations: 1}},
		"order confirmed, 4 tickets": {
			"api": {Invocations: 1, ResponseKB: 1 << 10},
			"consumer": {
				Invocations: 1, Requests: map[string]int{"dynamodb.PutItem": 2, "ses.SendEmail": 1, "sqs.SendMessage": 1},
				ReadUnits: 1.5, WriteUnits: 8, Events: 2, EventKB: 1 << 10, Mails: 1, MailKB: 1 << 10, OwnMillis: 9.5,
			},
		},
	}
}

// sale is of 1,000 orders and 10 performances.
var sale = cost.Sale{Tickets: 4000, House: 400, Order: 4, Looks: 3, Orders: 2, Sampled: 0.5}

func TestASaleIsThePricesOfItsUnits(t *testing.T) {
	t.Parallel()
	report, err := cost.Of(workspace(t, measured()), sale)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, s := range report.Services {
		for _, line := range s.Lines {
			got[s.Name+" "+line.Price] = line.Quantity
		}
	}
	for name, want := range map[string]float64{
		"identity cognito.user":           500,
		"notifications apigateway.http":   1000,
		"notifications lambda.request":    2010,
		"notifications dynamodb.read":     1500,
		"notifications dynamodb.write":    8000,
		"notifications events.published":  2000,
		"notifications events.archivedGb": 1000. / 1024,
		"notifications sqs.request":       3*1010 + 1000,
		"notifications ses.mail":          1000,
		"notifications ses.gb":            1000. / 1024,
		"notifications transfer.gb":       1000. / 1024,
		"notifications xray.trace":        1005,
		// 9.5 ms of its own, two puts of 5, a mail of 60, a message of 10 and the rounding of half a millisecond at a
		// whole CPU; half a millisecond of the API at 512 MB; and of each performance.
		"notifications lambda.gbSecond": 1000*(9.5+10+60+10+0.5)/1000*1769/1024 + 1000*0.5/1000/2 + 10*0.5/1000*1769/1024,
		"shows xray.trace":              0.5 * (10*400./20000 + 3000 + 2000),
		"tickets apigateway.rest":       3000,
		"tickets lambda.request":        3000,
		"tickets lambda.gbSecond":       3000 * 0.5 / 1000,
		"tickets transfer.gb":           3000. / 1024 / 1024, // compressed
		"tickets xray.trace":            0.5*(3000+1000+10*400./20000+4000) + 1000,
	} {
		if math.Abs(got[name]-want) > 1e-9 {
			t.Errorf("%s is %v, want %v", name, got[name], want)
		}
		delete(got, name)
	}
	delete(got, "notifications logs.gb")
	delete(got, "tickets logs.gb")
	if len(got) != 0 {
		t.Errorf("also paid: %v", got)
	}
	sum := 0.
	for _, s := range report.Services {
		of := 0.
		for _, line := range s.Lines {
			of += line.USD
		}
		if math.Abs(of-s.USD) > 1e-9 || math.Abs(s.PerTicketUSD*4000-of) > 1e-9 {
			t.Errorf("%s: %v a ticket, %v, and its lines are %v", s.Name, s.PerTicketUSD, s.USD, of)
		}
		sum += of
	}
	if math.Abs(sum-report.USD) > 1e-9 || math.Abs(report.PerTicketUSD*4000-sum) > 1e-9 || sum < 7.5 {
		t.Errorf("the sum is %v, of services %v", report.USD, sum)
	}
	if text := report.Text(); !strings.Contains(text, "notifications") || !strings.Contains(text, "list prices of 2026-11-25, eu-central-1") {
		t.Errorf("the text is\n%s", text)
	}
}

func TestWhatIsNotKnownIsNotGuessed(t *testing.T) {
	t.Parallel()
	unmeasured, strange, elsewhere := measured(), measured(), measured()
	delete(unmeasured, "performance announced")
	strange["performance announced"] = usage.Case{"consumer": {Invocations: 1, Requests: map[string]int{"neptune.Query": 1}}}
	elsewhere["performance announced"] = usage.Case{"jobs": {Invocations: 1}}
	other := sale
	other.Order = 3
	for _, tt := range []struct {
		name  string
		cases map[string]usage.Case
		sale  cost.Sale
		want  string
	}{
		{"a use case", unmeasured, sale, `"performance announced" is not measured`},
		{"an order of another size", measured(), other, `"order confirmed, 3 tickets" is not measured`},
		{"how long a service takes", strange, sale, "no latency for neptune.Query"},
		{"a function", elsewhere, sale, "no function jobs"},
	} {
		if _, err := cost.Of(workspace(t, tt.cases), tt.sale); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
		}
	}
}

func TestEachPriceSaysWhereItIsFrom(t *testing.T) {
	t.Parallel()
	prices, err := cost.ListPrices()
	if err != nil {
		t.Fatal(err)
	}
	for name, p := range prices.Prices {
		if p.USD <= 0 || p.Per < 1 || p.Unit == "" || !strings.HasPrefix(p.Page, "https://aws.amazon.com/") {
			t.Errorf("%s is %+v", name, p)
		}
	}
	if prices.Date == "" || prices.Region == "" || !strings.Contains(prices.Note, "not read from the pages on that day") {
		t.Errorf("the table says %q, %q, %q", prices.Date, prices.Region, prices.Note)
	}
}

func TestTheSaleOfThisWorkspaceIsComputed(t *testing.T) {
	t.Parallel()
	s := cost.Assumed
	s.Tickets, s.House = 1_000_000, 20_000
	report, err := cost.Of("../../..", s)
	if err != nil {
		t.Fatal(err)
	}
	for _, service := range report.Services {
		if service.PerTicketUSD <= 0 {
			t.Errorf("%s costs nothing", service.Name)
		}
	}
}

func TestAnIdleStageIsWhatItsResourcesCost(t *testing.T) {
	t.Parallel()
	usd := map[string]map[string]float64{}
	quantities := map[string]map[string]float64{}
	for _, stage := range stacks.Stages {
		idle, err := cost.IdleOf(t.Context(), "../../..", stage)
		if err != nil {
			t.Fatal(err)
		}
		usd[stage], quantities[stage] = map[string]float64{}, map[string]float64{}
		sum := 0.
		for _, s := range idle.Stacks {
			usd[stage][s.Name] = s.USD
			for _, line := range s.Lines {
				quantities[stage][s.Name+" "+line.Price] = line.Quantity
				sum += line.USD
			}
		}
		if math.Abs(sum-idle.USD) > 1e-9 || !strings.Contains(idle.Text(), stage) {
			t.Errorf("%s: the sum is %v, of lines %v", stage, idle.USD, sum)
		}
	}
	for name, want := range map[string]float64{
		"data natgateway.hour": 730, "data ipv4.hour": 730, "data endpoint.hour": 4 * 730, "data rds.db.t4g.micro.hour": 730, "data rds.gb": 20, "data valkey.gbHour": 0,
		"mesh kms.key": 1, "notifications cloudwatch.dashboard": 1, "edge waf.acl": 1, "edge waf.rule": 4, "edge secretsmanager.secret": 2,
		"tickets lambda.request": 60 * 730, "tickets scheduler.invocation": 60 * 730,
	} {
		if got := quantities["dev"][name]; math.Abs(got-want) > 1e-6 {
			t.Errorf("dev: %s is %v, want %v", name, got, want)
		}
	}
	if got := quantities["dev"]["shows sqs.request"]; got == 0 || math.Mod(got, 5*3*60*730) != 0 {
		t.Errorf("dev: shows asks its queues %v times", got)
	}
	if got := quantities["prod"]["data rds.db.t4g.medium.hour"]; got != 2*730 {
		t.Errorf("prod: the database has %v hours, and a standby", got)
	}
	if usd["dev"]["tickets"] == 0 || usd["prod"]["data"] <= usd["dev"]["data"] {
		t.Errorf("stacks cost %v", usd)
	}
}
