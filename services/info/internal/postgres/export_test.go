package postgres

// SearchQuery is what Search runs.
const SearchQuery = searchQuery
