package dynamotest

import (
	"bytes"
	"io"
	"net/http"
	"sync"
)

// SerialTransactions makes the transactions of moto server atomic for those who
// use it. Moto applies a transaction item by item where everybody sees it, and to
// cancel one puts a copy of the whole table back, which undoes what others wrote
// meanwhile. So every TransactWriteItems has the server to itself. All other
// requests run at the same time as each other, as does the application. Answers are
// read whole before they are given to the SDK, which under load now and then closes
// the connection while it reads. The zero value sends by http.DefaultTransport.
type SerialTransactions struct {
	Transport http.RoundTripper

	lock sync.RWMutex
}

// RoundTrip implements http.RoundTripper.
func (s *SerialTransactions) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Header.Get("X-Amz-Target") == "DynamoDB_20120810.TransactWriteItems" {
		s.lock.Lock()
		defer s.lock.Unlock()
	} else {
		s.lock.RLock()
		defer s.lock.RUnlock()
	}
	transport := s.Transport
	if transport == nil {
		transport = http.DefaultTransport
	}
	response, err := transport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	return response, nil
}
