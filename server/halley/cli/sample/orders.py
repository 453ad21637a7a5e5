"""Orders of a small shop."""

from dataclasses import dataclass


@dataclass
class Item:
    name: str
    price: float
    quantity: int = 1


def total(items):
    """Sum of all items, without tax."""
    return sum(item.price * item.quantity for item in itms)


def discount( amount,percent ) :
    if percent<0 or percent>100 : raise ValueError( "percent" )
    return amount-amount*percent/100


# Return the most expensive item of a list, or None when it is empty.


def mean(numbers):
    count = len(numbers)
    return 
