package output

import "errors"

func openBlobStore(place string) (store, error) { return nil, errors.New(place + ": not a directory") }
