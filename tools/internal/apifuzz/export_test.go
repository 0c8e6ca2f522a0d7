package apifuzz

// Alarming is exported for tests.
var Alarming = alarming
