// Package store asks for more than its users need.
package store

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

const byOwner = "byOwner"

type Store struct{ client *dynamodb.Client }

func New(client *dynamodb.Client) *Store { return &Store{client} }

// Get is called by an interface.
func (s *Store) Get(ctx context.Context) error {
	_, err := s.client.GetItem(ctx, &dynamodb.GetItemInput{})
	return err
}

// List is called by nobody.
func (s *Store) List(ctx context.Context) error {
	index := byOwner
	_, err := s.client.Query(ctx, &dynamodb.QueryInput{IndexName: &index})
	return err
}

// Commit is called by its name.
func (s *Store) Commit(ctx context.Context) error {
	_, err := s.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{{Put: &types.Put{}}}})
	return err
}
