"""The recipes themselves: data, read by `recipes.py`, which says how a recipe is written.

`PORTABLE` keeps to the subset that `render.py` can say in other languages; `PYTHON` uses all of Python.
"""

from __future__ import annotations

PORTABLE = '''
def add(a: float, b: float) -> float:
    """The sum of two numbers.
    asks: add two | add numbers | add a b | sum two | plus | addition
    >>> 2, 3 = 5
    >>> -1, 1 = 0
    """
    return a + b

def subtract(a: float, b: float) -> float:
    """The difference of two numbers.
    asks: subtract | sub | minus | difference | diff
    >>> 5, 3 = 2
    """
    return a - b

def multiply(a: float, b: float) -> float:
    """The product of two numbers.
    asks: multiply | mul | times | product two
    >>> 4, 3 = 12
    """
    return a * b

def divide(a: float, b: float) -> float:
    """One number divided by another.
    asks: divide | div | quotient | ratio
    >>> 6, 3 = 2
    """
    if b == 0:
        raise ValueError("division by zero")
    return a / b

def total(values: list[float]) -> float:
    """The sum of the values.
    asks: total | sum | add up | sum list | accumulate
    >>> [1, 2, 3] = 6
    >>> [] = 0
    """
    result = 0.0
    for value in values:
        result += value
    return result

def product(values: list[float]) -> float:
    """The product of the values.
    asks: product | multiply all | multiply list
    >>> [2, 3, 4] = 24
    """
    result = 1.0
    for value in values:
        result *= value
    return result

def mean(values: list[float]) -> float:
    """The arithmetic mean; 0 for no values.
    asks: mean | average | avg
    >>> [1, 2, 3] = 2
    >>> [] = 0
    """
    if len(values) == 0:
        return 0.0
    result = 0.0
    for value in values:
        result += value
    return result / len(values)

def variance(values: list[float]) -> float:
    """The population variance; 0 for no values.
    asks: variance
    >>> [1, 3] = 1
    """
    if len(values) == 0:
        return 0.0
    center = 0.0
    for value in values:
        center += value
    center = center / len(values)
    spread = 0.0
    for value in values:
        spread += (value - center) * (value - center)
    return spread / len(values)

def largest(values: list[float]) -> float:
    """The largest of the values.
    asks: largest | maximum | max | biggest | highest | greatest
    >>> [1, 7, 3] = 7
    """
    if len(values) == 0:
        raise ValueError("no values")
    best = values[0]
    for value in values:
        if value > best:
            best = value
    return best

def smallest(values: list[float]) -> float:
    """The smallest of the values.
    asks: smallest | minimum | min | lowest | least
    >>> [4, 1, 3] = 1
    """
    if len(values) == 0:
        raise ValueError("no values")
    best = values[0]
    for value in values:
        if value < best:
            best = value
    return best

def is_even(n: int) -> bool:
    """True when the number is even.
    asks: even
    >>> 4 = True
    >>> 3 = False
    """
    return n % 2 == 0

def is_odd(n: int) -> bool:
    """True when the number is odd.
    asks: odd
    >>> 3 = True
    >>> 4 = False
    """
    return n % 2 != 0

def is_positive(n: float) -> bool:
    """True when the number is greater than zero.
    asks: positive
    >>> 1 = True
    >>> -1 = False
    """
    return n > 0

def is_negative(n: float) -> bool:
    """True when the number is less than zero.
    asks: negative
    >>> -1 = True
    >>> 1 = False
    """
    return n < 0

def is_prime(n: int) -> bool:
    """True when the number is prime.
    asks: prime
    >>> 7 = True
    >>> 9 = False
    >>> 1 = False
    """
    if n < 2:
        return False
    divisor = 2
    while divisor * divisor <= n:
        if n % divisor == 0:
            return False
        divisor += 1
    return True

def primes(limit: int) -> list[int]:
    """Every prime below the limit.
    asks: primes | prime numbers | sieve
    >>> 10 = [2, 3, 5, 7]
    """
    result: list[int] = []
    for n in range(2, limit):
        prime = True
        for found in result:
            if n % found == 0:
                prime = False
        if prime:
            result.append(n)
    return result

def factorial(n: int) -> int:
    """The product of the numbers from 1 to n.
    asks: factorial
    >>> 5 = 120
    >>> 0 = 1
    """
    result = 1
    for factor in range(2, n + 1):
        result *= factor
    return result

def fibonacci(n: int) -> int:
    """The n-th Fibonacci number, counting from 0.
    asks: fibonacci | fib
    >>> 0 = 0
    >>> 10 = 55
    """
    previous = 0
    current = 1
    for step in range(n):
        following = previous + current
        previous = current
        current = following
    return previous

def gcd(a: int, b: int) -> int:
    """The greatest common divisor.
    asks: gcd | greatest common divisor | euclid
    >>> 12, 18 = 6
    """
    while b != 0:
        rest = a % b
        a = b
        b = rest
    return a

def power(base: float, exponent: int) -> float:
    """The base raised to a whole exponent of 0 or more.
    asks: power | pow | exponent
    >>> 2, 3 = 8
    """
    result = 1.0
    for step in range(exponent):
        result *= base
    return result

def square(x: float) -> float:
    """The number times itself.
    asks: square | squared
    >>> 3 = 9
    """
    return x * x

def cube(x: float) -> float:
    """The number's third power.
    asks: cube | cubed
    >>> 2 = 8
    """
    return x * x * x

def doubled(x: float) -> float:
    """Twice the number.
    asks: double | twice | doubled
    >>> 4 = 8
    """
    return x * 2

def absolute(x: float) -> float:
    """The number without its sign.
    asks: absolute | abs | magnitude
    >>> -3 = 3
    """
    if x < 0:
        return -x
    return x

def clamp(value: float, low: float, high: float) -> float:
    """The value, held between low and high.
    asks: clamp | limit value | bound value | restrict
    >>> 15, 0, 10 = 10
    >>> -5, 0, 10 = 0
    """
    if value < low:
        return low
    if value > high:
        return high
    return value

def sign(x: float) -> int:
    """-1, 0 or 1, as the number's sign is.
    asks: sign | signum
    >>> -8 = -1
    >>> 0 = 0
    """
    if x > 0:
        return 1
    if x < 0:
        return -1
    return 0

def celsius_to_fahrenheit(celsius: float) -> float:
    """Degrees Celsius in degrees Fahrenheit.
    asks: celsius to fahrenheit | celsius fahrenheit | c to f
    >>> 100 = 212
    """
    return celsius * 9 / 5 + 32

def fahrenheit_to_celsius(fahrenheit: float) -> float:
    """Degrees Fahrenheit in degrees Celsius.
    asks: fahrenheit to celsius | f to c
    >>> 212 = 100
    """
    return (fahrenheit - 32) * 5 / 9

def circle_area(radius: float) -> float:
    """The area of a circle.
    asks: circle area | area circle
    >>> 0 = 0
    """
    return 3.141592653589793 * radius * radius

def rectangle_area(width: float, height: float) -> float:
    """The area of a rectangle.
    asks: rectangle area | area | area rectangle
    >>> 2, 3 = 6
    """
    return width * height

def rectangle_perimeter(width: float, height: float) -> float:
    """The perimeter of a rectangle.
    asks: perimeter
    >>> 2, 3 = 10
    """
    return 2 * (width + height)

def is_leap_year(year: int) -> bool:
    """True for leap years of the Gregorian calendar.
    asks: leap year | leap
    >>> 2000 = True
    >>> 1900 = False
    """
    if year % 400 == 0:
        return True
    if year % 100 == 0:
        return False
    return year % 4 == 0

def apply_discount(price: float, percent: float) -> float:
    """The price less so many per cent.
    asks: discount
    >>> 200, 25 = 150
    """
    return price * (100 - percent) / 100

def add_tax(price: float, percent: float) -> float:
    """The price plus so many per cent.
    asks: tax | vat
    >>> 200, 25 = 250
    """
    return price * (100 + percent) / 100

def percentage(part: float, whole: float) -> float:
    """How many per cent the part is of the whole; 0 of nothing.
    asks: percentage | percent
    >>> 1, 4 = 25
    """
    if whole == 0:
        return 0.0
    return part * 100 / whole

def contains(values: list[int], wanted: int) -> bool:
    """True when the value is among the values.
    asks: contains | includes | has value | linear search
    >>> [1, 2], 2 = True
    >>> [], 2 = False
    """
    for value in values:
        if value == wanted:
            return True
    return False

def index_of(values: list[int], wanted: int) -> int:
    """Where the value is first found, -1 when nowhere.
    asks: index of | find index | index
    >>> [5, 6], 6 = 1
    >>> [5, 6], 7 = -1
    """
    for position in range(len(values)):
        if values[position] == wanted:
            return position
    return -1

def binary_search(values: list[int], wanted: int) -> int:
    """Where the value is in sorted values, -1 when nowhere.
    asks: binary search | bisect
    >>> [1, 3, 5], 5 = 2
    >>> [1, 3, 5], 4 = -1
    """
    low = 0
    high = len(values) - 1
    while low <= high:
        middle = (low + high) // 2
        if values[middle] == wanted:
            return middle
        if values[middle] < wanted:
            low = middle + 1
        else:
            high = middle - 1
    return -1

def count_value(values: list[int], wanted: int) -> int:
    """How often the value is among the values.
    asks: count value | count occurrences | occurrences
    >>> [1, 2, 1], 1 = 2
    """
    count = 0
    for value in values:
        if value == wanted:
            count += 1
    return count

def unique(values: list[int]) -> list[int]:
    """The values without repetitions, in their first order.
    asks: unique | dedupe | deduplicate | remove duplicates | distinct
    >>> [1, 2, 1, 3] = [1, 2, 3]
    """
    result: list[int] = []
    for value in values:
        seen = False
        for kept in result:
            if kept == value:
                seen = True
        if not seen:
            result.append(value)
    return result

def reverse_list(values: list[int]) -> list[int]:
    """The values from last to first.
    asks: reverse list | reverse values | reverse array
    >>> [1, 2, 3] = [3, 2, 1]
    """
    result: list[int] = []
    position = len(values) - 1
    while position >= 0:
        result.append(values[position])
        position -= 1
    return result

def evens(values: list[int]) -> list[int]:
    """The even ones among the values.
    asks: evens | even numbers | filter even
    >>> [1, 2, 4] = [2, 4]
    """
    result: list[int] = []
    for value in values:
        if value % 2 == 0:
            result.append(value)
    return result

def positives(values: list[float]) -> list[float]:
    """The values greater than zero.
    asks: positives | positive numbers | filter positive
    >>> [-1, 2] = [2]
    """
    result: list[float] = []
    for value in values:
        if value > 0:
            result.append(value)
    return result

def squares(values: list[float]) -> list[float]:
    """Each value times itself.
    asks: squares | square each | square all
    >>> [1, 2, 3] = [1, 4, 9]
    """
    result: list[float] = []
    for value in values:
        result.append(value * value)
    return result

def running_total(values: list[float]) -> list[float]:
    """The sums of the values so far.
    asks: running total | cumulative | prefix sum
    >>> [1, 2, 3] = [1, 3, 6]
    """
    result: list[float] = []
    sum_so_far = 0.0
    for value in values:
        sum_so_far += value
        result.append(sum_so_far)
    return result

def is_sorted(values: list[float]) -> bool:
    """True when no value is smaller than the one before it.
    asks: sorted check | is sorted | sorted
    >>> [1, 2, 2] = True
    >>> [2, 1] = False
    """
    for position in range(1, len(values)):
        if values[position] < values[position - 1]:
            return False
    return True

def bubble_sort(values: list[float]) -> list[float]:
    """The values in rising order; the list itself is sorted.
    asks: bubble sort | sort | sorting
    >>> [3, 1, 2] = [1, 2, 3]
    """
    for end in range(len(values)):
        for position in range(len(values) - 1 - end):
            if values[position] > values[position + 1]:
                kept = values[position]
                values[position] = values[position + 1]
                values[position + 1] = kept
    return values

def count_down(start: int) -> list[int]:
    """The numbers from start down to 1.
    asks: count down | countdown
    >>> 3 = [3, 2, 1]
    """
    result: list[int] = []
    while start > 0:
        result.append(start)
        start -= 1
    return result

def digit_sum(n: int) -> int:
    """The sum of a number's decimal digits.
    asks: digit sum | sum digits | digits
    >>> 123 = 6
    """
    result = 0
    while n > 0:
        result += n % 10
        n = n // 10
    return result

def dot_product(left: list[float], right: list[float]) -> float:
    """The dot product of two vectors of one length.
    asks: dot product | dot
    >>> [1, 2], [3, 4] = 11
    """
    result = 0.0
    for position in range(len(left)):
        result += left[position] * right[position]
    return result

def greet(name: str) -> str:
    """A greeting for the name.
    asks: greet | hello | greeting | welcome
    >>> "Ada" = "Hello, Ada!"
    """
    return "Hello, " + name + "!"

def full_name(first: str, last: str) -> str:
    """First and last name together.
    asks: full name | name join
    >>> "Ada", "Lovelace" = "Ada Lovelace"
    """
    return first + " " + last

def is_empty(text: str) -> bool:
    """True when there is no text.
    asks: empty | blank
    >>> "" = True
    >>> "a" = False
    """
    return len(text) == 0

def is_adult(age: int) -> bool:
    """True from 18 years on.
    asks: adult | old enough
    >>> 18 = True
    >>> 17 = False
    """
    return age >= 18
'''

PYTHON = '''
def reverse(text: str) -> str:
    """The text from its last character to its first.
    asks: reverse | reverse string | reverse text | backwards
    >>> "abc" = "cba"
    """
    return text[::-1]

def is_palindrome(text: str) -> bool:
    """True when the text reads the same both ways, letters and digits only.
    asks: palindrome
    >>> "Never odd or even" = True
    >>> "abc" = False
    """
    letters = [letter for letter in text.lower() if letter.isalnum()]
    return letters == letters[::-1]

def count_words(text: str) -> int:
    """How many words the text has.
    asks: count words | word count
    >>> "one two" = 2
    """
    return len(text.split())

def word_frequencies(text: str) -> dict[str, int]:
    """How often each word occurs, in lower case.
    asks: word frequencies | word frequency | frequency | frequencies
    >>> "a b a" = {"a": 2, "b": 1}
    """
    counts: dict[str, int] = {}
    for word in text.lower().split():
        counts[word] = counts.get(word, 0) + 1
    return counts

def count_vowels(text: str) -> int:
    """How many vowels the text has.
    asks: vowels | vowel | count vowels
    >>> "hello" = 2
    """
    return sum(letter in "aeiou" for letter in text.lower())

def capitalize_words(text: str) -> str:
    """The text with a capital at the beginning of every word.
    asks: capitalize | capitalise | title case
    >>> "ab cd" = "Ab Cd"
    """
    return " ".join(word.capitalize() for word in text.split())

def slugify(text: str) -> str:
    """The text as it may stand in an address.
    asks: slugify | slug
    >>> "Hello, World!" = "hello-world"
    """
    words = "".join(letter if letter.isalnum() else " " for letter in text.lower()).split()
    return "-".join(words)

def flatten(values: list) -> list:
    """The elements of nested lists, in one list.
    asks: flatten
    >>> [1, [2, [3]]] = [1, 2, 3]
    """
    result = []
    for value in values:
        if isinstance(value, list):
            result.extend(flatten(value))
        else:
            result.append(value)
    return result

def chunk(values: list, size: int) -> list[list]:
    """The values in pieces of the given size; the last may be shorter.
    asks: chunk | chunks | batch | batches
    >>> [1, 2, 3], 2 = [[1, 2], [3]]
    """
    return [values[at : at + size] for at in range(0, len(values), size)]

def median(values: list[float]) -> float:
    """The middle value of the sorted values; 0 for no values.
    asks: median
    >>> [3, 1, 2] = 2
    >>> [1, 2, 3, 4] = 2.5
    """
    if not values:
        return 0.0
    ordered = sorted(values)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) / 2

def group_by(values, key):
    """The values by what `key` gives for them.
    asks: group | group by
    >>> [1, 2, 3], lambda n: n % 2 = {1: [1, 3], 0: [2]}
    """
    groups = {}
    for value in values:
        groups.setdefault(key(value), []).append(value)
    return groups

def merge(left: dict, right: dict) -> dict:
    """Both dictionaries in one; the right one wins.
    asks: merge | combine dict | merge dict
    >>> {"a": 1}, {"b": 2} = {"a": 1, "b": 2}
    """
    return {**left, **right}

def invert(mapping: dict) -> dict:
    """The mapping from values to keys.
    asks: invert | invert dict | swap keys
    >>> {"a": 1} = {1: "a"}
    """
    return {value: key for key, value in mapping.items()}

def transpose(rows: list[list]) -> list[list]:
    """Rows as columns.
    asks: transpose
    >>> [[1, 2], [3, 4]] = [[1, 3], [2, 4]]
    """
    return [list(column) for column in zip(*rows)]

def fizzbuzz(n: int) -> list[str]:
    """The numbers from 1 to n, with Fizz for threes and Buzz for fives.
    asks: fizzbuzz | fizz buzz
    >>> 3 = ["1", "2", "Fizz"]
    """
    result: list[str] = []
    for number in range(1, n + 1):
        word = ("Fizz" if number % 3 == 0 else "") + ("Buzz" if number % 5 == 0 else "")
        result.append(word or str(number))
    return result

def read_lines(path: str) -> list[str]:
    """The lines of a text file, without their ends.
    asks: read lines | read file | load lines | file lines
    """
    with open(path, encoding="utf-8") as file:
        return file.read().splitlines()

def write_text(path: str, text: str) -> None:
    """Writes the text to a file.
    asks: write file | write text | save text | save file
    """
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)

def read_csv(path: str) -> list[dict[str, str]]:
    """The rows of a CSV file, by the names in its first line.
    asks: read csv | load csv | parse csv | csv file | csv
    """
    import csv

    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))

def load_json(path: str) -> object:
    """What a JSON file holds.
    asks: load json | read json | parse json | json file
    """
    import json

    with open(path, encoding="utf-8") as file:
        return json.load(file)

def save_json(path: str, value: object) -> None:
    """Writes the value to a JSON file.
    asks: save json | write json | dump json
    """
    import json

    with open(path, "w", encoding="utf-8") as file:
        json.dump(value, file, indent=2)

def is_valid_email(address: str) -> bool:
    """True when the text has the shape of an email address.
    asks: email | validate email | email address
    >>> "ada@example.org" = True
    >>> "ada" = False
    """
    name, at, host = address.partition("@")
    return bool(name and at and "." in host.strip(".") and " " not in address)

def retry(function, attempts: int = 3):
    """Calls the function until it succeeds, so many times at most; then its last error is raised.
    asks: retry | retries
    """
    for attempt in range(attempts):
        try:
            return function()
        except Exception:
            if attempt == attempts - 1:
                raise
'''
