"""`python -m keras_acts` is the command line."""

from keras_acts.cli import main

if __name__ == "__main__":
    main()
