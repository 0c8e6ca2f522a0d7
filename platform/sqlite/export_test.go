package sqlite

// Queued is how many writes wait for the writer.
func Queued(d *DB) int { return len(d.queue) }
