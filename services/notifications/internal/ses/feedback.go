package ses

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"ticketmesh.dev/platform/consumer"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/notifications/internal/app"
)

// event is what is read of an event that SES published on EventBridge.
type event struct {
	Source string `json:"source"`
	Detail struct {
		EventType string `json:"eventType"`
		Mail      struct {
			Tags map[string][]string `json:"tags"`
		} `json:"mail"`
		Bounce struct {
			BounceType string `json:"bounceType"`
		} `json:"bounce"`
		Complaint struct {
			ComplaintFeedbackType string `json:"complaintFeedbackType"`
		} `json:"complaint"`
	} `json:"detail"`
}

// Feedback takes in an event that SES published on EventBridge, given whole. One that can't be read, or is about no
// message of ours, has a permanent error; others are to be delivered again. It may be called again with the same event.
//
// A bounce that isn't permanent (a full mailbox, an automatic answer) says nothing about the next mail, and not surely
// that this one was not read: it changes nothing.
func Feedback(ctx context.Context, feedback *app.Feedback, body []byte) error {
	var e event
	if err := json.Unmarshal(body, &e); err != nil {
		return consumer.Permanent(fmt.Errorf("no event of SES: %w", err))
	}
	if e.Source != "aws.ses" {
		return consumer.Permanent(fmt.Errorf("an event of %q, and not of SES", e.Source))
	}
	take := verdict(e, feedback)
	if take == nil {
		return nil
	}
	tags := e.Detail.Mail.Tags[tagMessage]
	if len(tags) != 1 {
		return consumer.Permanent(errors.New("an event of SES without a message"))
	}
	messageID, err := id.Parse(tags[0])
	if err != nil {
		return consumer.Permanent(fmt.Errorf("an event of SES: %w", err))
	}
	if err := take(ctx, messageID); err != nil {
		err = fmt.Errorf("%s of message %s: %w", e.Detail.EventType, messageID, err)
		if errors.Is(err, app.ErrNotFound) {
			return consumer.Permanent(err)
		}
		return err
	}
	return nil
}

// verdict returns what an event has to tell, nil for nothing.
func verdict(e event, feedback *app.Feedback) func(context.Context, id.ID) error {
	switch e.Detail.EventType {
	case "Bounce":
		if e.Detail.Bounce.BounceType == "Permanent" {
			return feedback.Bounced
		}
	case "Complaint":
		if e.Detail.Complaint.ComplaintFeedbackType != "not-spam" { // somebody took a mail out of the spam
			return feedback.Complained
		}
	case "Reject": // SES found malware
		return feedback.Rejected
	}
	return nil
}
