// Package testserver gives tests real servers: moto server for the AWS APIs,
// PostgreSQL and Redis. They listen on free ports of 127.0.0.1, keep nothing, and
// end with the process that started them, whatever ends it.
//
// Each is started once. A suite of many test processes starts them before and names
// them in the environment (tools/cmd/servers); a test process that finds no name there
// starts its own at first need. What tests keep in a server is theirs by name: tables,
// queues and keys are shared by all.
package testserver
