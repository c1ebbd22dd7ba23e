package controller

// isArgument tells whether s may stand in an application's argument as it is.
func isArgument(s string) bool { return s != "" }
