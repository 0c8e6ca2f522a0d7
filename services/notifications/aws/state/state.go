// Package state opens what functions of notifications keep: the table.
package state

import (
	"errors"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"ticketmesh.dev/platform/awsconfig"
	"ticketmesh.dev/platform/clock"
	platform "ticketmesh.dev/platform/dynamo"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/lambda"
	"ticketmesh.dev/services/notifications/aws"
	"ticketmesh.dev/services/notifications/internal/dynamo"
	"ticketmesh.dev/services/notifications/internal/eventcodec"
)

// State is the state of notifications, and what it is reached with.
type State struct {
	aws.Config
	Client sdk.Config
	Clock  clock.Clock
	Table  *platform.Table
	Codec  *eventcodec.Codec
	Store  *dynamo.Store
}

// Open opens the state for a function that announces what validator accepts. The needed variables are the function's
// own.
func Open(rt lambda.Runtime, validator event.Validator, needed ...string) (State, error) {
	c, err := aws.Read(rt.Getenv, append(needed, aws.VarTable)...)
	if err != nil {
		return State{}, err
	}
	client, err := awsconfig.New(rt.Getenv)
	if err != nil {
		return State{}, err
	}
	s := State{Config: c, Client: client, Clock: clock.System{}, Codec: eventcodec.New(validator)}
	s.Table = platform.New(dynamodb.NewFromConfig(client), c.Table, s.Clock)
	s.Store = dynamo.New(s.Table, s.Codec)
	return s, nil
}

var errSilent = errors.New("this function announces nothing")

// Silent is the validator of functions that announce nothing.
type Silent struct{}

// Validate implements event.Validator.
func (Silent) Validate(string, []byte) error { return errSilent }
