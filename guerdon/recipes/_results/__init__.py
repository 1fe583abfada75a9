"""The results page: embedded backbone × objective × real data set, against length and bag-of-words baselines."""
