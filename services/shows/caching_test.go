package shows_test

import (
	"slices"
	"testing"
)

const everybody = "public, max-age=5, stale-while-revalidate=30"

func TestCachesMayKeepWhatEverybodySees(t *testing.T) {
	t.Parallel()
	m := start(t)
	show := m.publishedShow()
	for _, path := range []string{"/shows", show} {
		found := m.do(nobody, "GET", path, nil).want(200)
		tag := found.header.Get("ETag")
		if tag == "" || found.header.Get("Cache-Control") != everybody || !slices.Contains(found.header.Values("Vary"), "Authorization") {
			t.Errorf("%s: headers %v", path, found.header)
		}
		for _, given := range []string{tag, "*", `"other", ` + tag} {
			same := m.do(nobody, "GET", path, nil, header("If-None-Match", given)).want(304)
			if len(same.text) > 0 || same.header.Get("ETag") != tag || same.header.Get("Cache-Control") != everybody {
				t.Errorf("%s, If-None-Match %s: %q, %v", path, given, same.text, same.header)
			}
		}
		m.do(nobody, "GET", path, nil, header("If-None-Match", `"other"`)).want(200)

		m.do(organizer, "PATCH", show, document{"title": "as of " + path}).want(200)
		changed := m.do(nobody, "GET", path, nil, header("If-None-Match", tag)).want(200)
		if changed.header.Get("ETag") == tag {
			t.Errorf("%s changed, and its ETag did not", path)
		}
	}
}

func TestTheETagOfAShowIsItsVersion(t *testing.T) {
	t.Parallel()
	m := start(t)
	show := m.publishedShow()
	tag := m.do(nobody, "GET", show, nil).want(200).header.Get("ETag")
	m.do(organizer, "PATCH", show, document{"title": "Lear"}, header("If-Match", tag)).want(200)
}

func TestTheETagOfAListIsOfItsPage(t *testing.T) {
	t.Parallel()
	m := start(t)
	tags := map[string]string{}
	look := func(path string) {
		tag := m.do(nobody, "GET", path, nil).want(200).header.Get("ETag")
		if before, known := tags[tag]; known {
			t.Errorf("%s has the ETag of %s", path, before)
		}
		tags[tag] = path
	}
	look("/shows")
	draft := m.createShow()
	m.publishedShow()
	look("/shows?limit=1")
	m.do(organizer, "POST", draft+"/publish", nil).want(200)
	look("/shows?limit=1") // the same show, and now one follows
	m.publishedShow()
	look("/shows?limit=1&q=hamlet")
	look("/shows?limit=2")
}

func TestWhatIsAnsweredToATokenIsNotKept(t *testing.T) {
	t.Parallel()
	m := start(t)
	draft := m.createShow()
	for _, caller := range []string{organizer, customer} {
		list := m.do(caller, "GET", "/shows", nil).want(200)
		if got := list.header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("the list of %s: %q", caller, got)
		}
	}
	found := m.do(organizer, "GET", draft, nil).want(200)
	if got := found.header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("the draft: %q", got)
	}
	m.do(organizer, "GET", draft, nil, header("If-None-Match", found.header.Get("ETag"))).want(304)
	m.do(nobody, "GET", draft, nil, header("If-None-Match", found.header.Get("ETag"))).want(404, "not_found")
}

func TestListsFollowPerformancesAtOnce(t *testing.T) {
	t.Parallel()
	m := start(t)
	show := m.publishedShow()
	june := func(want int) {
		t.Helper()
		if got := len(m.do(nobody, "GET", "/shows?from=2027-06-01&to=2027-07-01", nil).want(200).items()); got != want {
			t.Fatalf("%d shows in June, want %d", got, want)
		}
	}
	june(0)
	performance := m.schedule(show)
	june(1)
	m.do(organizer, "POST", performance+"/reschedule", document{"startsAt": "2027-07-02T20:00"}).want(200)
	june(0)
	series := newSeries()
	series["startsAt"], series["rrule"] = "2027-06-02T20:00", "FREQ=DAILY;COUNT=2"
	m.do(organizer, "POST", show+"/series", series).want(201)
	june(1)
	m.do(organizer, "POST", show+"/cancel", nil).want(200)
	june(0)
}
