// Package s3 keeps files in a bucket of S3, whose clients upload to it directly under
// presigned URLs. It implements app.Blobs; which files there may be is decided
// elsewhere.
package s3

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/services/info/internal/app"
	"ticketmesh.dev/services/info/internal/asset"
)

const (
	// passThrough is the largest file that a function can answer with: 6 MiB hold its
	// answer, in base64, with the headers.
	passThrough = 4 << 20
	// linkLifetime is how long a larger file can be fetched from where Open says.
	linkLifetime = 5 * time.Minute
)

// Store implements app.Blobs.
type Store struct {
	client  *s3.Client
	presign *s3.PresignClient
	bucket  string
	clock   clock.Clock
}

var _ app.Blobs = (*Store)(nil)

// New returns the store in the bucket, whose objects have the files' keys: API Gateway reads
// them by those, too. URLs lead to where client does, and are dated by c.
//
// Its role needs s3:PutObject and s3:GetObject on what is in the bucket, and
// s3:ListBucket on the bucket: without that S3 says of a file that is not there that it
// is forbidden.
func New(client *s3.Client, bucket string, c clock.Clock) *Store {
	presign := s3.NewPresignClient(client, func(o *s3.PresignOptions) {
		o.Presigner = signer{v4.NewSigner(func(o *v4.SignerOptions) {
			// S3 takes paths as they are.
			o.DisableURIPathEscaping = true
		}), c}
	})
	return &Store{client: client, presign: presign, bucket: bucket, clock: c}
}

// signer dates what it signs by a clock.
type signer struct {
	*v4.Signer
	clock clock.Clock
}

// PresignHTTP implements s3.HTTPPresignerV4.
func (s signer) PresignHTTP(ctx context.Context, credentials aws.Credentials, r *http.Request, payloadHash, service, region string, _ time.Time, options ...func(*v4.SignerOptions)) (string, http.Header, error) {
	return s.Signer.PresignHTTP(ctx, credentials, r, payloadHash, service, region, s.clock.Now(), options...)
}

// PrepareUpload implements app.Blobs. Content type and length are among the signed
// headers. The URL ends with the credentials of the process when those end earlier.
func (s *Store) PrepareUpload(ctx context.Context, key asset.Key, size int64, expiresAt time.Time) (app.Upload, error) {
	// Whole seconds stand in the URL.
	expiresAt = expiresAt.Truncate(time.Second)
	request, err := s.presign.PresignPutObject(ctx, &s3.PutObjectInput{
		Bucket:        aws.String(s.bucket),
		Key:           aws.String(string(key)),
		ContentType:   aws.String(key.ContentType()),
		ContentLength: aws.Int64(size),
	}, s.expireAt(expiresAt))
	if err != nil {
		return app.Upload{}, err
	}
	return app.Upload{
		Key:    key,
		URL:    request.URL,
		Method: request.Method,
		// The length is what every client announces by itself.
		Headers:   map[string]string{"Content-Type": key.ContentType()},
		ExpiresAt: expiresAt,
	}, nil
}

// expireAt has a URL end at a time.
func (s *Store) expireAt(t time.Time) func(*s3.PresignOptions) {
	return s3.WithPresignExpires(t.Sub(s.clock.Now().Truncate(time.Second)))
}

// Open implements app.Blobs.
func (s *Store) Open(ctx context.Context, key asset.Key) (app.Blob, error) {
	input := &s3.GetObjectInput{Bucket: aws.String(s.bucket), Key: aws.String(string(key))}
	object, err := s.client.GetObject(ctx, input)
	if missing := (*types.NoSuchKey)(nil); errors.As(err, &missing) {
		return app.Blob{}, app.ErrNotFound
	}
	if err != nil {
		return app.Blob{}, err
	}
	blob := app.Blob{
		ReadCloser: object.Body,
		Size:       aws.ToInt64(object.ContentLength),
		Tag:        strings.Trim(aws.ToString(object.ETag), `"`),
	}
	if blob.Size <= passThrough {
		return blob, nil
	}
	object.Body.Close()
	request, err := s.presign.PresignGetObject(ctx, input, s.expireAt(s.clock.Now().Add(linkLifetime)))
	if err != nil {
		return app.Blob{}, err
	}
	blob.ReadCloser, blob.URL = http.NoBody, request.URL
	return blob, nil
}

// Ready implements app.Blobs.
func (s *Store) Ready(ctx context.Context) error {
	_, err := s.client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: aws.String(s.bucket)})
	return err
}
