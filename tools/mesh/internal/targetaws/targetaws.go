// Package targetaws is a mesh on AWS as the mesh command sees it: what is behind
// --target aws, and the only package of the command that links AWS clients. It
// finds what it works on by the names that the templates give, and changes
// nothing that they make.
package targetaws

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	sdksqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"ticketmesh.dev/platform/event"
	publisher "ticketmesh.dev/platform/eventbridge"
	"ticketmesh.dev/platform/sqs"

	"ticketmesh.dev/tools/mesh/internal/target"
)

// Mesh is the mesh of one stage.
type Mesh struct {
	stage      string
	queues     *sqs.Admin
	bridge     *eventbridge.Client
	parameters *ssm.Client
}

var _ target.Mesh = (*Mesh)(nil)

// Open takes region and credentials from where AWS's tools take them: the
// environment, ~/.aws, the machine's role. Whether they are good is found out at
// the first request.
func Open(ctx context.Context, stage string) (*Mesh, error) {
	c, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("configuration of AWS: %w", err)
	}
	if c.Region == "" {
		return nil, errors.New("configuration of AWS: no region; AWS_REGION says it")
	}
	return &Mesh{
		stage:      stage,
		queues:     sqs.NewAdmin(sdksqs.NewFromConfig(c), "ticketmesh-"+stage+"-"),
		bridge:     eventbridge.NewFromConfig(c),
		parameters: ssm.NewFromConfig(c),
	}, nil
}

// Queues implements target.Mesh. The consumers are those that have parameters for
// their queue and its dead letters; queues' names would not tell the stage prod
// from prod-eu.
func (m *Mesh) Queues(ctx context.Context) ([]target.Queue, error) {
	const queueSuffix, deadSuffix = "-arn", "-dlq-arn"
	names := make(map[string]bool)
	pages := ssm.NewGetParametersByPathPaginator(m.parameters, &ssm.GetParametersByPathInput{Path: aws.String(m.parameter("")), Recursive: aws.Bool(true)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("parameters of the stage %s: %w", m.stage, err)
		}
		for _, p := range page.Parameters {
			names[(*p.Name)[strings.LastIndexByte(*p.Name, '/')+1:]] = true
		}
	}
	var queues []target.Queue
	for name := range names {
		consumer, dead := strings.CutSuffix(name, deadSuffix)
		if !dead || !names[consumer+queueSuffix] {
			continue
		}
		q, err := m.queues.Queue(ctx, consumer)
		if err != nil {
			return nil, err
		}
		queues = append(queues, target.Queue{Consumer: consumer, Waiting: q.Depth, InFlight: q.InFlight, Dead: q.Dead})
	}
	if len(queues) == 0 {
		return nil, fmt.Errorf("the stage %s has no consumers here: is it the right account and region?", m.stage)
	}
	slices.SortFunc(queues, func(a, b target.Queue) int { return strings.Compare(a.Consumer, b.Consumer) })
	return queues, nil
}

// DeadLetters implements target.Mesh.
func (m *Mesh) DeadLetters(ctx context.Context, consumer string) ([]target.DeadLetter, error) {
	found, err := m.queues.DeadLetters(ctx, consumer)
	letters := make([]target.DeadLetter, len(found))
	for i, l := range found {
		letters[i] = target.DeadLetter{
			ID: l.ID, Consumer: l.Queue, Type: l.Type, Subject: l.Subject, Reason: l.Reason, Receives: l.Receives,
			FirstAt: l.FirstAt, DeadAt: l.DeadAt, Envelope: l.Envelope,
		}
	}
	return letters, known(err)
}

// DeadLetter implements target.Mesh. An event that is there more than once is
// shown as it died first.
func (m *Mesh) DeadLetter(ctx context.Context, consumer, id string) (target.DeadLetter, error) {
	letters, err := m.DeadLetters(ctx, consumer)
	if err != nil {
		return target.DeadLetter{}, err
	}
	for _, l := range letters {
		if l.ID == id {
			return l, nil
		}
	}
	return target.DeadLetter{}, fmt.Errorf("%w: %s in %s", target.ErrNoDeadLetter, id, consumer)
}

// Redrive implements target.Mesh.
func (m *Mesh) Redrive(ctx context.Context, consumer string, ids ...string) (int, error) {
	n, err := m.queues.Redrive(ctx, consumer, ids...)
	return n, known(err)
}

// Publish implements target.Mesh.
func (m *Mesh) Publish(ctx context.Context, e event.Event) error {
	bus, err := m.value(ctx, "bus-name")
	if err != nil {
		return err
	}
	encoded, err := e.MarshalCloudEvent()
	if err != nil {
		return err
	}
	message := event.ToMessage(e, encoded)
	message.SetContext(ctx)
	return publisher.NewPublisher(publisher.Config{Client: m.bridge, Bus: bus, Timeout: time.Minute}).Publish(event.Topic, message)
}

func (m *Mesh) parameter(name string) string { return "/ticketmesh/" + m.stage + "/" + name }

// value reads a parameter of the stage.
func (m *Mesh) value(ctx context.Context, name string) (string, error) {
	path := m.parameter(name)
	found, err := m.parameters.GetParameter(ctx, &ssm.GetParameterInput{Name: &path})
	if missing := (*ssmtypes.ParameterNotFound)(nil); errors.As(err, &missing) {
		return "", fmt.Errorf("there is no parameter %s here: is it the right stage, account and region?", path)
	}
	if err != nil {
		return "", fmt.Errorf("parameter %s: %w", path, err)
	}
	return *found.Parameter.Value, nil
}

// known puts the queues' errors into the words of target.Mesh.
func known(err error) error {
	switch {
	case errors.Is(err, sqs.ErrUnknownQueue):
		return fmt.Errorf("%w: %w", target.ErrUnknownConsumer, err)
	case errors.Is(err, sqs.ErrNoDeadLetter):
		return fmt.Errorf("%w: %w", target.ErrNoDeadLetter, err)
	}
	return err
}
