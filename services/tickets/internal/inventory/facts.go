package inventory

// ChangedFact says how many places of a partition are free.
type ChangedFact struct{ Partition Partition }
