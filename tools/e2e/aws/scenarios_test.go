package aws_test

import "slices"

// scenarios are all of them.
var scenarios = slices.Concat([]scenario{
	{"purchase", purchase},
	{"a declined payment", declined},
	{"a cancelled performance", cancelled},
	{"a hall is rebuilt", rebuilt},
	{"content", content},
	{"files", files},
	{"mails", mails},
	{"a mail bounces", bounce},
	{"what was left behind is published", sweep},
	{"what was left behind is sent", late},
	{"an event that could not be handled", troubled},
	{"an event that nobody can read", poisoned},
	unrelayed("notifications"),
	unrelayed("shows"),
	unrelayed("tickets"),
	{"what is left", leftOver},
	{"what is on in a city", listed},
	{"schedules that fail", failing},
	{"schedules that may not invoke", uninvoked},
	{"what everybody reads is cached", cached},
	{"schedules", swept},
	operated("shows", "shows-settle"),
	operated("tickets", "sweep"),
	measured("info"),
	measured("notifications"),
	measured("shows"),
	measured("tickets"),
}, tour())
