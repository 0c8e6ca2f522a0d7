// Package migrate is the composition root of the function migrate. It wires, and knows what
// CloudFormation wants to be told.
package migrate

import (
	"context"
	"errors"
	"log/slog"

	"github.com/aws/aws-lambda-go/cfn"

	"ticketmesh.dev/platform/awsconfig"
	"ticketmesh.dev/platform/lambda"
	database "ticketmesh.dev/platform/postgres"
	"ticketmesh.dev/platform/postgres/migrate"
	"ticketmesh.dev/services/info/aws"
	"ticketmesh.dev/services/info/internal/postgres"
)

// Migrated is what a migration answers.
type Migrated struct {
	// Applied is how many migrations were missing.
	Applied int `json:"applied"`
}

// Open opens the function that brings the database's tables up to date. Invoked by
// CloudFormation, as a custom resource, it does so when the resource is made or changed,
// which a property that changes with each deployment sees to, and tells CloudFormation.
// Invoked with anything else, as by hand, it does so and answers. It may be repeated and
// run several times at once.
//
// When the resource is deleted the tables stay: they go with the database.
func Open(_ context.Context, rt lambda.Runtime) (func(context.Context, cfn.Event) (Migrated, error), error) {
	c, err := aws.Read(rt.Getenv)
	if err != nil {
		return nil, err
	}
	client, err := awsconfig.New(rt.Getenv)
	if err != nil {
		return nil, err
	}
	db, err := c.Database.Open(client)
	if err != nil {
		return nil, err
	}
	m := &migration{db: db, logger: rt.Logger}
	return m.handle, nil
}

// schemaID is the custom resource's id; with another one CloudFormation would delete the
// old resource after a change.
const schemaID = "ticketmesh-info-schema"

// errMigration is all that the events of the stack show.
var errMigration = errors.New("the migration failed; the function's log says why")

type migration struct {
	db     *database.DB
	logger *slog.Logger
}

func (m *migration) handle(ctx context.Context, e cfn.Event) (Migrated, error) {
	if e.RequestType == "" {
		return m.up(ctx)
	}
	var done Migrated
	// The error is of telling CloudFormation, not of the migration.
	_, err := cfn.LambdaWrap(func(ctx context.Context, e cfn.Event) (string, map[string]any, error) {
		if e.RequestType == cfn.RequestDelete {
			return schemaID, nil, nil
		}
		var err error
		if done, err = m.up(ctx); err != nil {
			m.logger.ErrorContext(ctx, "migration failed", "error", err)
			return schemaID, nil, errMigration
		}
		return schemaID, map[string]any{"Applied": done.Applied}, nil
	})(ctx, e)
	return done, err
}

func (m *migration) up(ctx context.Context) (Migrated, error) {
	applied, err := migrate.Up(ctx, m.db, postgres.Migrations())
	return Migrated{applied}, err
}
