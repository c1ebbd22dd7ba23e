package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"
)

// A Customer is somebody who calls, as the CRM knows them.
type Customer struct {
	Customer string            `json:"customer"`           // the CRM's own id
	Numbers  []string          `json:"numbers"`            // E.164; each belongs to one customer, the last who was given it
	Contract string            `json:"contract,omitempty"` // number of the contract, as the customer would key it in
	Name     string            `json:"name,omitempty"`     // for the agent's screen
	Address  string            `json:"address,omitempty"`  // as Address makes it
	Language string            `json:"language,omitempty"` // preferred
	Credit   int               `json:"credit,omitempty"`   // priority in seconds, 0 to 86400
	Manager  string            `json:"manager,omitempty"`  // agent who looks after the customer
	Extra    map[string]string `json:"extra,omitempty"`    // whatever else a menu may ask for
}

// Bounds of a customer.
const (
	maxCustomerNumbers = 32
	maxCustomerCredit  = 86400 // seconds
	maxExtra           = 64    // entries
	maxExtraValue      = 1024  // bytes
	maxName            = 256   // bytes
)

// putCustomer stores a customer and moves its numbers to it.
//
// KEYS[1] customers  KEYS[2] ids  KEYS[3] numbers of each  KEYS[4] customer of each number
// ARGV[1] id  ARGV[2] document  ARGV[3] tag  ARGV[4] numbers, by space
// Returns created, replaced or changed.
var putCustomer = redis.NewScript(`
local id = ARGV[1]
local old = redis.call('HGET', KEYS[1], id)
if ARGV[3] ~= '' and ARGV[3] ~= (old and redis.sha1hex(old .. '\n' .. (redis.call('HGET', KEYS[3], id) or '')) or '-') then
  return 'changed'
end
for number in string.gmatch(redis.call('HGET', KEYS[3], id) or '', '%S+') do
  redis.call('HDEL', KEYS[4], number)
end
for number in string.gmatch(ARGV[4], '%S+') do
  local former = redis.call('HGET', KEYS[4], number)
  if former then
    local left = {}
    for n in string.gmatch(redis.call('HGET', KEYS[3], former) or '', '%S+') do
      if n ~= number then left[#left + 1] = n end
    end
    redis.call('HSET', KEYS[3], former, table.concat(left, ' '))
  end
  redis.call('HSET', KEYS[4], number, id)
end
redis.call('HSET', KEYS[1], id, ARGV[2])
redis.call('HSET', KEYS[3], id, ARGV[4])
redis.call('ZADD', KEYS[2], 0, id)
return old and 'replaced' or 'created'
`)

// deleteCustomer forgets a customer and its numbers.
//
// KEYS[1] customers  KEYS[2] ids  KEYS[3] numbers of each  KEYS[4] customer of each number
// ARGV[1] id  ARGV[2] tag
// Returns deleted, missing or changed.
var deleteCustomer = redis.NewScript(`
local id = ARGV[1]
local old = redis.call('HGET', KEYS[1], id)
if not old then return 'missing' end
local numbers = redis.call('HGET', KEYS[3], id) or ''
if ARGV[2] ~= '' and ARGV[2] ~= redis.sha1hex(old .. '\n' .. numbers) then return 'changed' end
for number in string.gmatch(numbers, '%S+') do redis.call('HDEL', KEYS[4], number) end
redis.call('HDEL', KEYS[1], id)
redis.call('HDEL', KEYS[3], id)
redis.call('ZREM', KEYS[2], id)
return 'deleted'
`)

// findCustomer reads the customer to whom a number belongs, in one round trip.
//
// KEYS[1] customers  KEYS[2] numbers of each  KEYS[3] customer of each number
// ARGV[1] number
// Returns document and numbers, or nil.
var findCustomer = redis.NewScript(`
local id = redis.call('HGET', KEYS[3], ARGV[1])
if not id then return false end
local document = redis.call('HGET', KEYS[1], id)
if not document then return false end
return {document, redis.call('HGET', KEYS[2], id) or ''}
`)

// Customers are those whom the CRM knows. A document and its numbers are
// kept apart, so that a number can move from one customer to another at once.
type Customers struct{ s *Store }

// Customers returns the customers in the store.
func (s *Store) Customers() Customers { return Customers{s} }

// ByNumber returns the customer to whom a number belongs, in one round trip.
// ErrNotFound.
func (c Customers) ByNumber(ctx context.Context, number string) (Customer, error) {
	k := c.s.keys
	got, err := c.s.run(ctx, findCustomer, []string{k.customers(), k.customerNumbers(), k.numberCustomer()}, number).StringSlice()
	if errors.Is(err, redis.Nil) {
		return Customer{}, fmt.Errorf("customer of number %q: %w", number, ErrNotFound)
	}
	if err != nil {
		return Customer{}, fmt.Errorf("customer of number %q: %w", number, err)
	}
	return decodeCustomer(got[0], got[1])
}

// Get returns one customer. ErrNotFound.
func (c Customers) Get(ctx context.Context, customer string) (Customer, error) {
	document, numbers, err := c.read(ctx, customer)
	if errors.Is(err, redis.Nil) {
		return Customer{}, fmt.Errorf("customer %q: %w", customer, ErrNotFound)
	}
	if err != nil {
		return Customer{}, fmt.Errorf("get customer %q: %w", customer, err)
	}
	return decodeCustomer(document, numbers)
}

// read returns a customer as it is stored, both parts as of one moment.
func (c Customers) read(ctx context.Context, customer string) (document, numbers string, err error) {
	var d, n *redis.StringCmd
	_, err = c.s.rdb.TxPipelined(ctx, func(p redis.Pipeliner) error {
		d = p.HGet(ctx, c.s.keys.customers(), customer)
		n = p.HGet(ctx, c.s.keys.customerNumbers(), customer)
		return nil
	})
	return d.Val(), n.Val(), err
}

// List returns up to limit customers whose ids come after the one given, in
// the order of ids.
func (c Customers) List(ctx context.Context, after string, limit int) ([]Customer, error) {
	from := "-"
	if after != "" {
		from = "(" + after
	}
	ids, err := c.s.rdb.ZRangeByLex(ctx, c.s.keys.customerIDs(), &redis.ZRangeBy{Min: from, Max: "+", Count: int64(max(limit, 1))}).Result()
	if err != nil {
		return nil, fmt.Errorf("list customers: %w", err)
	}
	if len(ids) == 0 {
		return nil, nil
	}
	var documents, numbers *redis.SliceCmd
	_, err = c.s.rdb.TxPipelined(ctx, func(p redis.Pipeliner) error {
		documents = p.HMGet(ctx, c.s.keys.customers(), ids...)
		numbers = p.HMGet(ctx, c.s.keys.customerNumbers(), ids...)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list customers: %w", err)
	}
	var page []Customer
	for i := range ids {
		document, ok := documents.Val()[i].(string)
		if !ok {
			continue // deleted a moment ago
		}
		own, _ := numbers.Val()[i].(string)
		v, err := decodeCustomer(document, own)
		if err != nil {
			return nil, err
		}
		page = append(page, v)
	}
	return page, nil
}

// Put makes the customer what v says. Numbers that belonged to another
// customer are taken from that one in the same moment. ErrInvalid, ErrConflict.
func (c Customers) Put(ctx context.Context, v Customer, check Check[Customer]) (created bool, err error) {
	if v.Address != "" {
		if v.Address, err = Address(v.Address); err != nil {
			return false, err
		}
	}
	if err := v.validate(); err != nil {
		return false, err
	}
	numbers := strings.Join(slices.Compact(slices.Sorted(slices.Values(v.Numbers))), " ")
	v.Numbers = nil
	document, err := json.Marshal(v)
	if err != nil {
		return false, fmt.Errorf("put customer %q: %w", v.Customer, err)
	}
	return c.change(ctx, v.Customer, check, func(ctx context.Context, tag string) (string, error) {
		return putCustomer.Run(ctx, c.s.rdb, c.keys(), v.Customer, document, tag, numbers).Text()
	})
}

// Delete forgets a customer. ErrNotFound.
func (c Customers) Delete(ctx context.Context, customer string, check Check[Customer]) error {
	_, err := c.change(ctx, customer, check, func(ctx context.Context, tag string) (string, error) {
		return deleteCustomer.Run(ctx, c.s.rdb, c.keys(), customer, tag).Text()
	})
	return err
}

func (c Customers) keys() []string {
	k := c.s.keys
	return []string{k.customers(), k.customerIDs(), k.customerNumbers(), k.numberCustomer()}
}

// change is a checked change of a customer; its tag covers both parts.
func (c Customers) change(ctx context.Context, customer string, check Check[Customer],
	write func(context.Context, string) (string, error),
) (created bool, err error) {
	return change(ctx, check, func(ctx context.Context) (raw string, now Customer, err error) {
		document, numbers, err := c.read(ctx, customer)
		if err != nil {
			return "", Customer{}, err
		}
		now, err = decodeCustomer(document, numbers)
		return document + "\n" + numbers, now, err
	}, write)
}

func decodeCustomer(document, numbers string) (v Customer, err error) {
	if err := json.Unmarshal([]byte(document), &v); err != nil {
		return v, fmt.Errorf("stored customer: %w", err)
	}
	v.Numbers = strings.Fields(numbers)
	return v, nil
}

func (v Customer) validate() error {
	faults := []error{
		checkID("customer", v.Customer),
		checkText("contract", v.Contract, maxName),
		checkText("name", v.Name, maxName),
		checkLanguage(v.Language),
	}
	if len(v.Numbers) > maxCustomerNumbers {
		faults = append(faults, invalid("numbers", "%d of them, want at most %d", len(v.Numbers), maxCustomerNumbers))
	}
	for i, number := range v.Numbers {
		if checkNumber(number) != nil {
			faults = append(faults, invalid(fmt.Sprintf("numbers[%d]", i), "%.40q: want E.164 such as +380671234567", number))
		}
	}
	if v.Credit < 0 || v.Credit > maxCustomerCredit {
		faults = append(faults, invalid("credit", "%d: want 0 to %d seconds", v.Credit, maxCustomerCredit))
	}
	if v.Manager != "" {
		faults = append(faults, checkID("manager", v.Manager))
	}
	if len(v.Extra) > maxExtra {
		faults = append(faults, invalid("extra", "%d entries, want at most %d", len(v.Extra), maxExtra))
	}
	for name, value := range v.Extra {
		faults = append(faults, checkID("extra", name), checkText("extra."+name, value, maxExtraValue))
	}
	return errors.Join(faults...)
}
