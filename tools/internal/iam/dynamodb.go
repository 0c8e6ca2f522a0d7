package iam

// tableOperation has what names a table in the operations of DynamoDB.
type tableOperation struct {
	TableName string
	IndexName string
	// Transactions and batches have others inside.
	RequestItems  map[string]any
	TransactItems []map[string]struct{ TableName string }
}

// transaction says what an action inside a transaction needs: there is no permission for
// the transaction itself.
var transaction = map[string]string{
	"Put": "dynamodb:PutItem", "Update": "dynamodb:UpdateItem", "Delete": "dynamodb:DeleteItem", "ConditionCheck": "dynamodb:ConditionCheckItem",
	"Get": "dynamodb:GetItem",
}

func (a Account) dynamodb(operation string, body []byte) (needs []Request, err error) {
	in, err := decode[tableOperation](body)
	if err != nil {
		return nil, err
	}
	need := func(action, table string) { needs = append(needs, Request{Action: action, Resource: a.table(table)}) }
	switch operation {
	case "GetItem", "PutItem", "UpdateItem", "DeleteItem", "DescribeTable", "Scan":
		need("dynamodb:"+operation, in.TableName)
	case "Query":
		if in.IndexName != "" {
			in.TableName += "/index/" + in.IndexName
		}
		need("dynamodb:Query", in.TableName)
	case "BatchGetItem", "BatchWriteItem":
		for table := range in.RequestItems {
			need("dynamodb:"+operation, table)
		}
	case "TransactWriteItems", "TransactGetItems":
		for _, item := range in.TransactItems {
			for kind, inside := range item {
				need(transaction[kind], inside.TableName)
			}
		}
	}
	return needs, nil
}

func (a Account) table(name string) string { return a.arn("dynamodb", "table/"+name) }
