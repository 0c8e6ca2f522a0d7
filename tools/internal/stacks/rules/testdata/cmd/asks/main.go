// Command asks asks AWS for this and that.
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"ticketmesh.dev/tools/internal/stacks/rules/testdata/store"
)

const (
	queue  = "TICKETMESH_QUEUE"
	bus    = "TICKETMESH_BUS"
	told   = "TICKETMESH_TOLD"
	unread = "TICKETMESH_UNREAD"
)

// sender stands for a client.
type sender interface {
	SendMessage(context.Context, *sqs.SendMessageInput, ...func(*sqs.Options)) (*sqs.SendMessageOutput, error)
	DeleteMessage(context.Context, *sqs.DeleteMessageInput, ...func(*sqs.Options)) (*sqs.DeleteMessageOutput, error)
}

type getter interface{ Get(context.Context) error }

// handler is called by net/http alone.
type handler struct{ events *eventbridge.Client }

func (h handler) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	_, _ = h.events.PutEvents(r.Context(), &eventbridge.PutEventsInput{})
}

func main() {
	read(os.Getenv)
	run(os.Getenv(queue))
}

// read asks for what need not be there.
func read(getenv func(string) string) {
	_ = getenv(bus)
	fmt.Println(told)
}

func run(string) {
	_ = http.ListenAndServe("", handler{})
	s := store.New(dynamodb.New(dynamodb.Options{}))
	var g getter = s
	_ = g.Get(context.Background())
	_ = s.Commit(context.Background())
	var messages sender = sqs.New(sqs.Options{})
	_, _ = messages.SendMessage(context.Background(), &sqs.SendMessageInput{})
	byQueue := "byQueue"
	ask("secretsmanager.GetSecretValue" + byQueue[:0])
}

func ask(string) {}

// forgotten is called by nobody.
func forgotten(string) { forgotten(unread) }
