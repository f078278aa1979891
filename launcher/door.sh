# Opens a command of the launcher with the first Python 3.11 that works here.
here=$(dirname "$0")
for python in python3.11 python3 python; do
  if "$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then
    exec "$python" "$here/__main__.py" "$@"
  fi
done
echo "Qunying needs Python 3.11; there is none on the PATH." >&2
exit 2
