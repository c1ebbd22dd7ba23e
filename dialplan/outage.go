package dialplan

type outageFacts struct {
	Found   bool   `expr:"found"`
	Message string `expr:"message"`
}

func outageOf(vars map[string]any) outageFacts { return outageFacts{} }
