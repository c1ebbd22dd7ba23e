package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// A Key lets a program use this API.
type Key struct {
	ID      string    `json:"id" doc:"Names the key; it is no secret"`
	Name    string    `json:"name" minLength:"1" maxLength:"100" example:"crm production" doc:"What it is for"`
	Scopes  []Scope   `json:"scopes" minItems:"1" maxItems:"4" uniqueItems:"true" enum:"read,crm,agent,admin" nullable:"false" doc:"What it may be used for"`
	Created time.Time `json:"created"`
}

// A NewKey is a key with its secret, which is told once.
type NewKey struct {
	Key
	Secret string `json:"secret" doc:"For Authorization: Bearer. It is told here and never again; only its hash is kept"`
}

// Keys are kept hashed.
type Keys interface {
	KeyChecker
	List(ctx context.Context) ([]Key, error)
	Create(ctx context.Context, name string, scopes []Scope) (NewKey, error)
	Revoke(ctx context.Context, id string) error
}

func (a *API) keys() {
	op := func(method, path, id, summary, doc string) huma.Operation {
		return huma.Operation{
			OperationID: id, Method: method, Path: path, Tags: []string{"keys"},
			Summary: summary, Description: doc, Security: security(adminOnly),
		}
	}
	register(a, op(http.MethodGet, "/v1/keys", "list-keys", "List keys", "All keys, without their secrets."),
		func(ctx context.Context, _ *struct{}) (*listOutput[Key], error) {
			keys, err := a.cfg.Keys.List(ctx)
			if err != nil {
				return nil, err
			}
			return &listOutput[Key]{Body: Listed[Key]{Items: append([]Key{}, keys...)}}, nil
		})
	create := op(http.MethodPost, "/v1/keys", "create-key", "Create a key", "The answer tells the secret, once.")
	create.DefaultStatus = http.StatusCreated
	register(a, create, func(ctx context.Context, in *struct {
		Body struct {
			Name   string  `json:"name" minLength:"1" maxLength:"100" example:"crm production" doc:"What it is for"`
			Scopes []Scope `json:"scopes" minItems:"1" maxItems:"4" uniqueItems:"true" enum:"read,crm,agent,admin" nullable:"false" doc:"What it may be used for"`
		} `nameHint:"WantedKey"`
	}) (*struct {
		Cache string `header:"Cache-Control"`
		Body  NewKey
	}, error) {
		key, err := a.cfg.Keys.Create(ctx, in.Body.Name, in.Body.Scopes)
		if err != nil {
			return nil, err
		}
		return &struct {
			Cache string `header:"Cache-Control"`
			Body  NewKey
		}{"no-store", key}, nil
	})
	register(a, op(http.MethodDelete, "/v1/keys/{id}", "revoke-key", "Revoke a key", "The key is worth nothing from now on."),
		func(ctx context.Context, in *struct {
			ID string `path:"id" maxLength:"64" pattern:"^[A-Za-z0-9][A-Za-z0-9._-]*$"`
		}) (*struct{}, error) {
			return nil, about("key", in.ID, a.cfg.Keys.Revoke(ctx, in.ID))
		})
}
