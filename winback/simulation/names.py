"""Invented names. Addresses made from them lie in domains that are reserved for examples (RFC 2606)."""

DOMAINS = ("example.com", "example.org", "example.net")

FIRST_WORDS = (
    "Amber", "Banyan", "Birch", "Cedar", "Clover", "Copper", "Coral", "Delta", "Ember", "Fern",
    "Granite", "Harbour", "Indigo", "Jasmine", "Juniper", "Kaveri", "Lantern", "Lotus", "Maple", "Meadow",
    "Monsoon", "Nimbus", "Orchid", "Pebble", "Quartz", "Saffron", "Sequoia", "Tulip", "Willow", "Zephyr",
)  # fmt: skip

TRADES = (
    "Analytics", "Bakery", "Books", "Cycles", "Design", "Dental", "Energy", "Foods", "Freight", "Gardens",
    "Hotels", "Interiors", "Labs", "Logistics", "Media", "Optics", "Press", "Schools", "Textiles", "Travel",
)  # fmt: skip

ENGLISH = (
    "Aarav Menon", "Ada Lindqvist", "Alice Morgan", "Amir Haddad", "Anna Kowalska", "Ben Carter", "Carla Rossi",
    "Chen Wei", "Daniel Okafor", "Diego Ramos", "Elena Petrova", "Emma Fischer", "Farah Aziz", "Felix Braun",
    "Grace Nakamura", "Hana Sato", "Ibrahim Diallo", "Ines Costa", "Jack Sullivan", "Julia Novak", "Karan Shah",
    "Lars Jensen", "Leila Karimi", "Liam Murphy", "Lucia Moreno", "Maria Santos", "Marta Nowak", "Meera Iyer",
    "Nadia Rahman", "Nils Bergman", "Olivia Bennett", "Omar Farouk", "Paul Weber", "Priya Nair", "Rosa Delgado",
    "Sam Cooper", "Sara Cohen", "Tom Becker", "Yuki Tanaka", "Zara Khan",
)  # fmt: skip

HINDI = (
    ("aditi.sharma", "अदिति शर्मा"), ("ajay.verma", "अजय वर्मा"), ("anjali.gupta", "अंजलि गुप्ता"),
    ("arjun.singh", "अर्जुन सिंह"), ("deepak.mishra", "दीपक मिश्रा"), ("kavita.joshi", "कविता जोशी"),
    ("manoj.tiwari", "मनोज तिवारी"), ("neha.saxena", "नेहा सक्सेना"), ("pooja.agarwal", "पूजा अग्रवाल"),
    ("rahul.yadav", "राहुल यादव"), ("rekha.pandey", "रेखा पांडे"), ("rohit.chauhan", "रोहित चौहान"),
    ("sanjay.dubey", "संजय दुबे"), ("sunita.rawat", "सुनीता रावत"), ("vikas.kapoor", "विकास कपूर"),
    ("vivek.trivedi", "विवेक त्रिवेदी"),
)  # fmt: skip

OWNERS = ("Asha Rao", "Jonas Keller", "Maya Brooks", "Ravi Kulkarni", "Sofia Lang")

ROLES = ("administrator", "analyst", "finance", "manager", "operations", "engineer")


def local_part(name: str) -> str:
    """`Ada Lindqvist` as `ada.lindqvist`."""
    return name.lower().replace(" ", ".")
