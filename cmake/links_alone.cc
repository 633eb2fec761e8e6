// Linked with one library of the project and what it is granted, to prove that it needs nothing
// else.
int main() {
    return 0;
}
