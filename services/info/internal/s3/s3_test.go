package s3_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	aws_s3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/testserver"
	"ticketmesh.dev/services/info/internal/app/blobtest"
	"ticketmesh.dev/services/info/internal/asset"
	"ticketmesh.dev/services/info/internal/s3"
)

const (
	region    = "us-east-1"
	accessKey = "AKIDEXAMPLE"
	secretKey = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
)

var begin = time.Date(2026, 11, 25, 12, 0, 0, 7_000_000, time.UTC)

// open returns a store in a bucket of the test's own, behind a gate that refuses what S3
// would.
func open(t *testing.T, c clock.Clock) (*s3.Store, *aws_s3.Client, string) {
	t.Helper()
	moto, err := url.Parse(testserver.Moto(t))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(&gate{
		clock: c,
		next:  &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(moto) }},
	})
	t.Cleanup(server.Close)
	client := aws_s3.New(aws_s3.Options{
		Region:       region,
		Credentials:  credentials.NewStaticCredentialsProvider(accessKey, secretKey, ""),
		BaseEndpoint: aws.String(server.URL),
		UsePathStyle: true,
	})
	bucket := "info-" + id.New().String()
	if _, err := client.CreateBucket(t.Context(), &aws_s3.CreateBucketInput{Bucket: aws.String(bucket)}); err != nil {
		t.Fatal(err)
	}
	return s3.New(client, bucket, c), client, bucket
}

func TestConformance(t *testing.T) {
	t.Parallel()
	blobtest.Run(t, func(t *testing.T) blobtest.Fixture {
		c := clock.NewManual(begin)
		store, _, _ := open(t, c)
		return blobtest.Fixture{Blobs: store, Clock: c}
	})
}

func newKey(t *testing.T) asset.Key {
	t.Helper()
	key, err := asset.NewKey(id.New(), asset.File{Name: "Plan", ContentType: "application/pdf", Size: 1})
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestAFileIsUnderItsKeyWithItsContentType(t *testing.T) {
	t.Parallel()
	store, client, bucket := open(t, clock.NewManual(begin))
	key := newKey(t)
	u, err := store.PrepareUpload(t.Context(), key, 3, begin.Add(15*time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	if status := blobtest.Send(t, u, []byte("abc")); status != http.StatusOK {
		t.Fatalf("upload answers %d", status)
	}
	object, err := client.HeadObject(t.Context(), &aws_s3.HeadObjectInput{Bucket: aws.String(bucket), Key: aws.String(string(key))})
	if err != nil {
		t.Fatal(err)
	}
	if got := aws.ToString(object.ContentType); got != "application/pdf" {
		t.Errorf("content type = %s", got)
	}
}

func TestAnUploadSaysWhatItIsBoundTo(t *testing.T) {
	t.Parallel()
	store, _, _ := open(t, clock.NewManual(begin))
	u, err := store.PrepareUpload(t.Context(), newKey(t), 3, begin.Add(15*time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	prepared, err := url.Parse(u.URL)
	if err != nil {
		t.Fatal(err)
	}
	query := prepared.Query()
	for name, want := range map[string]string{
		"X-Amz-SignedHeaders": "content-length;content-type;host",
		"X-Amz-Expires":       "900",
		"X-Amz-Date":          "20261125T120000Z",
	} {
		if got := query.Get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	for name := range query {
		if strings.Contains(strings.ToLower(name), "checksum") {
			t.Errorf("the URL has %s, of a file that nobody knows yet", name)
		}
	}
	if want := begin.Truncate(time.Second).Add(15 * time.Minute); !u.ExpiresAt.Equal(want) {
		t.Errorf("expires at %v, want %v", u.ExpiresAt, want)
	}
}

func TestABucketThatIsNotThereIsNotReady(t *testing.T) {
	t.Parallel()
	_, client, bucket := open(t, clock.NewManual(begin))
	if err := s3.New(client, bucket+"-gone", clock.System{}).Ready(t.Context()); err == nil {
		t.Error("it is ready")
	}
}
