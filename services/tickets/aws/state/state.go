// Package state opens what functions of tickets keep: the table.
package state

import (
	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"ticketmesh.dev/platform/awsconfig"
	"ticketmesh.dev/platform/clock"
	platform "ticketmesh.dev/platform/dynamo"
	"ticketmesh.dev/platform/lambda"
	"ticketmesh.dev/services/tickets/aws"
	"ticketmesh.dev/services/tickets/internal/dynamo"
)

// State is the state of tickets, and what it is reached with.
type State struct {
	aws.Config
	Client sdk.Config
	Clock  clock.Clock
	Table  *platform.Table
	Store  *dynamo.Store
}

// Open opens the state. The needed variables are the function's own.
func Open(rt lambda.Runtime, needed ...string) (State, error) {
	c, err := aws.Read(rt.Getenv, append(needed, aws.VarTable)...)
	if err != nil {
		return State{}, err
	}
	client, err := awsconfig.New(rt.Getenv)
	if err != nil {
		return State{}, err
	}
	s := State{Config: c, Client: client, Clock: clock.System{}}
	s.Table = platform.New(dynamodb.NewFromConfig(client), c.Table, s.Clock)
	s.Store = dynamo.New(s.Table, s.Clock)
	return s, nil
}
